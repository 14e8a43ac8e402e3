//! The aggregate `user`.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

pub use command::Command;
pub use event::{Event, Profile};
pub use refusal::Refusal;
pub use state::User;

/// Longest uid, in characters.
pub const UID_LENGTH_MAX: usize = 256;
/// Longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 256;
/// Whom the log names where nobody acted but the system itself; no user's uid.
pub const SYSTEM_UID: &str = "colloquy";
