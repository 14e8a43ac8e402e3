//! What support conversations refer to: inboxes and teams with their members, contacts, and the
//! source id of a contact in each inbox.

mod apply;
#[cfg(test)]
mod tests;

use crate::model::Model;

/// The read model's name.
pub const NAME: &str = "desk";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    schema: concat!(include_str!("schema.sql"), include_str!("apply.sql")),
    indexes: include_str!("indexes.sql"),
    builds_on: &[],
    changes: apply::changes,
    copied: None,
};
