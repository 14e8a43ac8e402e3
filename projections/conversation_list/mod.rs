//! What everyone sees of a conversation: names, tags, members, trash.

mod apply;
mod query;
#[cfg(test)]
mod tests;

pub use apply::ConversationList;
pub use query::{Membership, membership, memberships};

/// The read model's name, and its schema's.
pub const NAME: &str = "conversation_list";
