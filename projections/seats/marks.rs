use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::Recorded;

/// Since when a marker covers what it covers: a stack of ranges, each from the one below up to `top`. It tells
/// when each message was read, without a row for each.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Marks {
    /// What earlier batches left is gone.
    cleared: bool,
    /// What earlier batches left ends here at the latest.
    lowered: Option<i64>,
    /// Ranges on top of that.
    added: Vec<Mark>,
}

#[derive(Debug, Serialize)]
struct Mark {
    top: i64,
    position: i64,
    at: DateTime<Utc>,
}

impl Marks {
    /// Whether the batch said anything of them.
    pub(super) fn change(&self) -> bool {
        self.cleared || self.lowered.is_some()
    }

    pub(super) fn read_up_to(&mut self, message: i64, recorded: &Recorded) {
        self.lowered = Some(self.lowered.map_or(message, |lowered| lowered.min(message)));
        let below = self.added.partition_point(|mark| mark.top < message);
        self.added.truncate(below + 1);
        match self.added.get_mut(below) {
            Some(covering) => covering.top = message,
            None => {
                let (position, at) = (recorded.position, recorded.at);
                self.added.push(Mark { top: message, position, at });
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self { cleared: true, ..Self::default() };
    }
}
