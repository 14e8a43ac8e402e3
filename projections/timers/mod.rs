//! Timers: what has to be done of itself, and when. Reactions do it.

mod apply;
mod query;
#[cfg(test)]
mod tests;

pub use apply::Timers;
pub use query::{Act, Due, due, next_in};

/// The read model's name, and its schema's.
pub const NAME: &str = "timers";
