//! What everyone sees of a conversation: names, tags, the trash, and which message is its newest.

mod apply;
#[cfg(test)]
mod tests;

use crate::messages;
use crate::model::Model;

/// The read model's name, and its schema's.
pub const NAME: &str = "conversations";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    version: 1,
    schema: include_str!("schema.sql"),
    // The newest message is looked up there when one is deleted.
    builds_on: &[messages::NAME],
    changes: apply::changes,
};
