//! Support conversations: what agents see of each, what was said, by what lists are ordered and
//! filtered, and how many there are of what is counted.
//!
//! What is shown of a conversation is one wide row, of which a change touches no index (but of
//! labels); what lists are made from is one narrow row beside it, made from the wide one and
//! changed only when something in it changes. The counts are part of this model, and not one of
//! their own: what counts and what is counted stop and go together. Everything is made from the
//! conversation's own events, so that one conversation can be folded anew alone.

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
