/// Filling writes models by two connections, of which one follows the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// All models but those that follow.
    Leading,
    /// Conversations and memberships.
    Following,
}
