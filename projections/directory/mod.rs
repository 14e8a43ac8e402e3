//! The directory: users, by number, uid and name.

mod apply;

use crate::model::Model;

/// The read model's name, and its schema's.
pub const NAME: &str = "directory";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    version: 2,
    schema: include_str!("schema.sql"),
    builds_on: &[],
    changes: apply::changes,
};
