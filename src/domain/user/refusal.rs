use crate::limits::Excess;

/// Why a command on a user is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The uid is taken.
    #[error("a user with this uid exists")]
    UserExists,
    /// There is no such user.
    #[error("the user does not exist")]
    UserUnknown,
    /// Blank, or beyond the limit.
    #[error("uid must be 1 to {max} characters long", max = super::UID_LENGTH_MAX)]
    UidInvalid,
    /// It is what the log calls the system itself.
    #[error("uid {uid} is reserved", uid = super::SYSTEM_UID)]
    UidReserved,
    /// Beyond the limit.
    #[error("name must be at most {max} characters long", max = super::NAME_LENGTH_MAX)]
    NameTooLong,
    /// Beyond the limit.
    #[error("username must be at most {max} characters long", max = super::NAME_LENGTH_MAX)]
    UsernameTooLong,
    /// Something else beyond its limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
