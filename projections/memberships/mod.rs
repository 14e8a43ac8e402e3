//! Who is in which conversation, and each member's own state there: flags, read marker, and what
//! their lists are ordered by and filtered by.

mod apply;
pub(crate) mod bucket;
#[cfg(test)]
mod tests;

use crate::conversations;
use crate::model::Model;

/// The read model's name.
pub const NAME: &str = "memberships";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    schema: concat!(include_str!("schema.sql"), include_str!("apply.sql")),
    indexes: include_str!("indexes.sql"),
    builds_on: &[conversations::NAME],
    changes: apply::changes,
    copied: None,
};
