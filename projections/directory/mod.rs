//! The directory: users, by number, uid and name.

mod apply;
pub(crate) mod contact;
mod query;
#[cfg(test)]
mod tests;

pub use apply::Directory;
pub use contact::{Contact, contact, contacts};
pub use query::{Choice, Reference, User, by_id, by_uid, by_uuid, choose, list, resolve};

/// The read model's name, and its schema's.
pub const NAME: &str = "directory";
