use crate::limits::Excess;

/// Why a command on a user is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The uid is taken.
    #[error("a user with this uid exists")]
    UserExists,
    /// There is no such user.
    #[error("the user does not exist")]
    UserUnknown,
    /// The uid is blank or too long.
    #[error("uid must be 1 to {max} characters long", max = super::UID_LENGTH_MAX)]
    UidInvalid,
    /// The uid is reserved for the system itself.
    #[error("uid {uid} is reserved", uid = super::SYSTEM_UID)]
    UidReserved,
    /// The name is too long.
    #[error("name must be at most {max} characters long", max = super::NAME_LENGTH_MAX)]
    NameTooLong,
    /// The username is too long.
    #[error("username must be at most {max} characters long", max = super::NAME_LENGTH_MAX)]
    UsernameTooLong,
    /// Another value exceeds a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
