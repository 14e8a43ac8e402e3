//! Timers: what has to happen without a request, and when. The reactors act on them.

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
    copied: None,
};

/// What to do when the time has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// End a member's mute.
    EndMute {
        membership: Membership,
        /// The end that is reached.
        until: DateTime<Utc>,
    },
    /// Open a support conversation that rests until now.
    EndSnooze {
        conversation: ConversationId,
        /// The end that is reached.
        until: DateTime<Utc>,
    },
}
