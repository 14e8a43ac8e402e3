//! The aggregate `conversation`.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, Create};
pub use event::{Event, Kind};
pub use refusal::Refusal;
pub use state::Conversation;

/// Longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 256;
/// Longest description, in characters.
pub const DESCRIPTION_LENGTH_MAX: usize = 512;
/// Longest name that the host system has for a contextual chat, in characters.
pub const UID_LENGTH_MAX: usize = 256;
/// Longest message, in characters.
pub const TEXT_LENGTH_MAX: usize = 150_000;
