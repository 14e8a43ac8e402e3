//! The badge: how many unread conversations of each kind a user has, one row per user.

mod apply;
mod query;
#[cfg(test)]
mod tests;

pub use apply::Badges;
pub use query::{Badge, get};

/// The read model's name, and its schema's.
pub const NAME: &str = "badge";
