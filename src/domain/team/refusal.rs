use crate::limits::Excess;

/// Why a command on a team is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id is taken.
    #[error("the team exists")]
    TeamExists,
    /// There is no such team.
    #[error("the team does not exist")]
    TeamUnknown,
    /// Another team of the account has the name.
    #[error("name has already been taken")]
    NameTaken,
    /// The name is missing or blank.
    #[error("name must not be blank")]
    NameBlank,
    /// A value exceeds a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
