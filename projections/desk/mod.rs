//! What support conversations refer to: inboxes and teams with who is in them, contacts, and who a
//! contact is in each inbox.

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
