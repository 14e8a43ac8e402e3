//! The aggregate `participation`.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Change as ChangeCommand, Command, Reading};
pub use event::{Change, Event, Seat};
pub use refusal::Refusal;
pub use state::Participation;
