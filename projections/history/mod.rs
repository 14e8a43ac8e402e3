//! What a conversation looked like at a moment: folded from the log on demand, never stored.

mod diff;
mod events;
mod fold;
mod moment;
mod render;
mod state;

pub use diff::{Bounds, Change, Step, Steps, diff};
pub use moment::{Moment, UnknownMoment};
pub use state::state;
