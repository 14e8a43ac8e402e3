//! Support conversations: what agents see of each, its messages, the columns that lists are ordered
//! and filtered by, and the counts.
//!
//! What is shown of a conversation is one wide row, of which a change touches no index (except that
//! of labels). Lists read a narrow row beside it, which is derived from the wide one and changed
//! only when something in it changes. The counts are part of this model rather than a model of
//! their own, so that they stop and go on together with what they count. Everything derives from
//! the conversation's own events, so that one conversation can be folded anew alone.

mod apply;
#[cfg(test)]
mod tests;

use crate::model::Model;

/// The read model's name.
pub const NAME: &str = "support";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    schema: concat!(
        include_str!("schema.sql"),
        include_str!("counts.sql"),
        include_str!("apply.sql")
    ),
    indexes: include_str!("indexes.sql"),
    builds_on: &[],
    changes: apply::changes,
    copied: None,
};
