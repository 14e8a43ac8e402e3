use super::Identity;

/// Why a command on a claim is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another contact of the account has it.
    #[error("{} has already been taken", .0.as_str())]
    Taken(Identity),
}
