//! Timers: what has to be done of itself, and when. The reactors do it.

mod apply;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use domain::ConversationId;
use domain::participation::Membership;
use serde::{Deserialize, Serialize};

use crate::model::Model;

/// The read model's name.
pub const NAME: &str = "timers";

pub(crate) const MODEL: Model = Model {
    name: NAME,
    schema: include_str!("schema.sql"),
    indexes: include_str!("indexes.sql"),
    builds_on: &[],
    changes: apply::changes,
};

/// What to do when the time has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// End a member's mute.
    EndMute {
        /// Whose.
        membership: Membership,
        /// The end that is reached.
        until: DateTime<Utc>,
    },
    /// Open a support conversation that rests until now.
    EndSnooze {
        /// Which.
        conversation: ConversationId,
        /// The end that is reached.
        until: DateTime<Utc>,
    },
}
