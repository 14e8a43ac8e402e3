//! Messages, by number and by page.

mod apply;
pub(crate) mod query;
mod read;
#[cfg(test)]
mod tests;

pub use apply::Messages;
pub use query::{Message, by_uuid, exists, get, list, newest_until};
pub use read::{Name, Read, number, read, reads};

/// The read model's name, and its schema's.
pub const NAME: &str = "messages";
