use std::collections::HashMap;
use std::fmt::Write;

use domain::{Erasure, MessageId, Position};

use crate::sealing::is_sealed;
use crate::{Difference, Exported, StoredEvent};

/// Looks for encrypted events whose keys are gone though no event erased them. It keeps one entry
/// for each event without a key until it meets the event that erases it.
#[derive(Debug, Default)]
pub struct MissingKeys {
    /// By stream, in order.
    unexplained: HashMap<(String, String), Vec<Missing>>,
    imported_up_to: Position,
    imported: u64,
}

#[derive(Debug)]
struct Missing {
    position: Position,
    /// The message whose deletion would explain it.
    subject: Option<MessageId>,
}

/// Maximum number of positions, beside the first, that a difference names.
const NAMED_MAX: usize = 20;

impl MissingKeys {
    /// For a log whose events up to a position were imported without keys; 0 for none.
    pub fn imported_up_to(position: Position) -> Self {
        Self { imported_up_to: position, ..Self::default() }
    }

    /// Takes the next event that has been verified.
    pub fn check(&mut self, exported: &Exported) {
        let event = &exported.event;
        let stream = || (event.aggregate_type.clone(), event.aggregate_id.clone());
        let keyed = exported.event_key.is_some() && exported.stream_key.is_some();
        if !keyed && is_sealed(&event.payload) {
            if event.position <= self.imported_up_to {
                self.imported += 1;
                return;
            }
            let subject = read(event).and_then(|event| event.subject());
            let missing = Missing { position: event.position, subject };
            self.unexplained.entry(stream()).or_default().push(missing);
        } else if !self.unexplained.is_empty()
            && let Some(missing) = self.unexplained.get_mut(&stream())
        {
            match read(event).and_then(|event| event.erases()) {
                Some(Erasure::Stream) => missing.clear(),
                Some(Erasure::Message(message)) => {
                    missing.retain(|missing| missing.subject != Some(message));
                }
                None => {}
            }
            if missing.is_empty() {
                self.unexplained.remove(&stream());
            }
        }
    }

    /// How many encrypted events were imported without keys.
    ///
    /// # Errors
    /// The positions whose keys are gone without an event that erased them.
    pub fn finish(self) -> Result<u64, Difference> {
        let mut positions: Vec<Position> =
            self.unexplained.into_values().flatten().map(|missing| missing.position).collect();
        positions.sort_unstable();
        let Some(first) = positions.first() else { return Ok(self.imported) };
        let mut what = "the key to its text is gone, and no later event erased it".to_owned();
        let named: Vec<String> =
            positions.iter().skip(1).take(NAMED_MAX).map(Position::to_string).collect();
        if !named.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(what, "; likewise at {}", named.join(", "));
        }
        if positions.len() - 1 > named.len() {
            let _ = write!(what, " and {} more", positions.len() - 1 - named.len());
        }
        Err(Difference { position: *first, what })
    }
}

/// Only a quarantined event cannot be read here: all others have been verified.
fn read(event: &StoredEvent) -> Option<domain::Event> {
    domain::Event::read(
        &event.aggregate_type,
        &event.event_type,
        &event.event_version,
        &event.payload,
    )
    .ok()
}
