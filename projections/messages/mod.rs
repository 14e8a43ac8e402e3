//! Messages, by number, by their own id, and by conversation.

mod apply;
mod copied;
#[cfg(test)]
mod tests;

use crate::model::Model;

/// The read model's name.
pub const NAME: &str = "messages";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    schema: include_str!("schema.sql"),
    indexes: include_str!("indexes.sql"),
    builds_on: &[],
    changes: apply::changes,
    copied: Some(copied::POSTED),
};
