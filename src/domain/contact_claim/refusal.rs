use super::Identity;

/// Why a command on a claim is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another contact of the account holds the value.
    #[error("{} has already been taken", .0.as_str())]
    Taken(Identity),
}
