use chrono::{DateTime, Utc};
use domain::{AccountPosition, PublicId};
use event_store::RecordedEvent;
use serde::Serialize;

/// When each message up to the read marker was read, without a row per message: a stack of ranges,
/// each from the top of the one below up to its own `top`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ReadRanges {
    /// Ranges of earlier batches are removed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cleared: bool,
    /// Ranges of earlier batches are cut off here.
    #[serde(skip_serializing_if = "Option::is_none")]
    lowered: Option<PublicId>,
    /// Ranges to stack on top of those.
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
