use chrono::{DateTime, Utc};
use domain::{AccountPosition, PublicId};
use event_store::RecordedEvent;
use serde::Serialize;

/// Since when a marker covers what it covers: a stack of ranges, each from the one below up to
/// `top`. It tells when each message was read, without a row for each.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ReadRanges {
    /// What earlier batches left is gone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cleared: bool,
    /// What earlier batches left ends here at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    lowered: Option<PublicId>,
    /// Ranges on top of that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    added: Vec<ReadRange>,
}

#[derive(Debug, Serialize)]
struct ReadRange {
    top: PublicId,
    position: AccountPosition,
    at: DateTime<Utc>,
}

impl ReadRanges {
    /// Whether the batch left them as they were.
    pub(super) fn are_unchanged(&self) -> bool {
        !self.cleared && self.lowered.is_none()
    }

    pub(super) fn read_up_to(&mut self, message: PublicId, recorded: &RecordedEvent) {
        self.lowered = Some(self.lowered.map_or(message, |lowered| lowered.min(message)));
        let below = self.added.partition_point(|range| range.top < message);
        self.added.truncate(below + 1);
        match self.added.get_mut(below) {
            Some(covering) => covering.top = message,
            None => {
                let (position, at) = (recorded.account_position, recorded.recorded_at);
                self.added.push(ReadRange { top: message, position, at });
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self { cleared: true, ..Self::default() };
    }
}
