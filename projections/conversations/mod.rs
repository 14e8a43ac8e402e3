//! What everyone sees of a conversation: names, tags, the trash, and which message is its newest.

mod apply;
#[cfg(test)]
mod tests;

use crate::messages;
use crate::model::Model;

/// The read model's name.
pub const NAME: &str = "conversations";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    schema: include_str!("schema.sql"),
    indexes: include_str!("indexes.sql"),
    // The newest message is looked up there when one is deleted.
    builds_on: &[messages::NAME],
    changes: apply::changes,
    copied: None,
};
