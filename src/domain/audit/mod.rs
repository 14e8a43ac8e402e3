//! The aggregate `audit`: who looked at a conversation's trail. One stream for each conversation.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

pub use command::Command;
pub use event::{Event, Part};
pub use refusal::Refusal;
pub use state::Audit;
