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

/// What to do when a timer is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// End a member's mute.
    EndMute {
        membership: Membership,
        /// The end of the mute that the timer was set for.
        until: DateTime<Utc>,
    },
    /// Open a snoozed support conversation.
    EndSnooze {
        conversation: ConversationId,
        /// The end of the snooze that the timer was set for.
        until: DateTime<Utc>,
    },
}
