//! The directory: users, by number, uid and name.

mod apply;
mod query;
#[cfg(test)]
mod tests;

pub use apply::Directory;
pub use query::{Reference, User, by_id, by_uid, list, resolve};

/// The read model's name, and its schema's.
pub const NAME: &str = "directory";
