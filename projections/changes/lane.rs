/// Filling writes models over two connections, one of which follows the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// All models but those that follow.
    Leading,
    /// Conversations and memberships.
    Following,
}
