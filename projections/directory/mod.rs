//! The directory: users, by number, uid and name.

mod apply;

use crate::model::Model;

/// The read model's name.
pub const NAME: &str = "directory";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    schema: include_str!("schema.sql"),
    indexes: include_str!("indexes.sql"),
    builds_on: &[],
    changes: apply::changes,
    copied: None,
};
