//! Recomputes the digest chain, for auditors who do not trust the database.

use std::collections::HashMap;
use std::fmt::Write;

use domain::{AccountId, AccountPosition, Position};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Exported;

/// SHA-256.
pub type Digest = [u8; 32];

/// The digest that precedes the first event.
pub const GENESIS: Digest = [0; 32];

/// An event exactly as it is stored: what its digest is computed from, and what an export contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Its number over all streams.
    pub position: Position,
    /// Globally unique.
    pub event_id: String,
    pub account_id: AccountId,
    /// Its number within the account.
    pub account_position: AccountPosition,
    /// The kind of stream.
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// The conversation that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// The event's name.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// The stored JSON, byte for byte.
    pub payload: String,
    /// The stored JSON, byte for byte.
    pub metadata: String,
    /// Microseconds since 1970-01-01 00:00 UTC.
    pub recorded_us: i64,
    /// In hexadecimal.
    pub digest: String,
}

crate::from_row!(StoredEvent {
    position,
    event_id,
    account_id,
    account_position,
    aggregate_type,
    aggregate_id,
    sequence,
    conversation_id,
    event_type,
    event_version,
    payload,
    metadata,
    recorded_us,
    digest,
});

impl StoredEvent {
    /// SHA-256 over the digest before and the canonical form, which is the netstrings of the fields
    /// in the order of `migrations/0006_digests.sql`.
    pub fn digest_after(&self, previous: &Digest) -> Digest {
        let mut form = String::with_capacity(self.payload.len() + self.metadata.len() + 256);
        let mut number = String::new();
        let mut add = |field: &str| {
            // Writing to a string cannot fail.
            let _ = write!(form, "{}:{field},", field.len());
        };
        let mut add_number = |value: i64, add: &mut dyn FnMut(&str)| {
            number.clear();
            let _ = write!(number, "{value}");
            add(&number);
        };
        add_number(self.position.get(), &mut add);
        add(&self.event_id);
        add_number(self.account_id.get(), &mut add);
        add_number(self.account_position.get(), &mut add);
        add(&self.aggregate_type);
        add(&self.aggregate_id);
        add_number(self.sequence, &mut add);
        add(self.conversation_id.as_deref().unwrap_or_default());
        add(&self.event_type);
        add(&self.event_version);
        add(&self.payload);
        add(&self.metadata);
        add_number(self.recorded_us, &mut add);
        let mut hash = Sha256::new();
        hash.update(previous);
        hash.update(form);
        hash.finalize().into()
    }
}

/// A digest in hexadecimal.
pub fn to_hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest from hexadecimal; none from anything else.
pub fn from_hex(text: &str) -> Option<Digest> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes?.try_into().ok()
}

/// Something that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("position {position}: {what}")]
pub struct Difference {
    pub position: Position,
    /// What is wrong there.
    pub what: String,
}

/// Checks a log event by event, in order. In memory it keeps one number for each stream and account
/// that it has met.
#[derive(Debug)]
pub struct Verifier {
    position: Position,
    digest: Digest,
    sequences: HashMap<(String, String), i64>,
    account_positions: HashMap<AccountId, AccountPosition>,
    from_the_start: bool,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::after(Position::START, GENESIS)
    }
}

impl Verifier {
    /// Continues after a position whose digest is known. Earlier events are not checked, so a
    /// stream or an account may begin with any number.
    pub fn after(position: Position, digest: Digest) -> Self {
        Self {
            position,
            digest,
            sequences: HashMap::new(),
            account_positions: HashMap::new(),
            from_the_start: position == Position::START,
        }
    }

    /// The newest position that was verified.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Its digest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Checks the next event. An unreadable event passes only if it is quarantined; everything else
    /// is checked for it too.
    ///
    /// # Errors
    /// The first thing that is not right about it.
    pub fn check(&mut self, exported: &Exported) -> Result<(), Difference> {
        let event = &exported.event;
        self.check_position(event.position)?;
        let digest = event.digest_after(&self.digest);
        let differs = |what: String| Err(Difference { position: event.position, what });
        if from_hex(&event.digest) != Some(digest) {
            return differs(format!(
                "its digest is {}, but the digest of what is stored is {}: the event was changed, \
                 inserted or moved",
                event.digest,
                to_hex(&digest)
            ));
        }
        if let Err(what) = self.check_numbers(event) {
            return differs(what);
        }
        if let Err(why) = domain::check_stored(
            &event.aggregate_type,
            &event.event_type,
            &event.event_version,
            &event.payload,
        ) && exported.quarantined.is_none()
        {
            return differs(format!("the event cannot be read: {why}"));
        }
        (self.position, self.digest) = (event.position, digest);
        Ok(())
    }

    fn check_position(&self, position: Position) -> Result<(), Difference> {
        let expected = self.position + 1;
        let what = match position - expected {
            0 => return Ok(()),
            1 => "the event is missing".to_owned(),
            missing if missing > 0 => {
                format!("{missing} events are missing, up to position {}", position - 1)
            }
            _ => "the position is there twice".to_owned(),
        };
        Err(Difference { position: position.min(expected), what })
    }

    /// Checks that the event is the next one of its stream and of its account.
    fn check_numbers(&mut self, event: &StoredEvent) -> Result<(), String> {
        let stream = (event.aggregate_type.clone(), event.aggregate_id.clone());
        let before = self.sequences.insert(stream, event.sequence);
        let due = self.due(before, event.sequence);
        if event.sequence != due {
            return Err(format!(
                "it is number {} of stream {}/{}, but number {due} is due",
                event.sequence, event.aggregate_type, event.aggregate_id
            ));
        }
        let number = event.account_position;
        let before = self.account_positions.insert(event.account_id, number);
        let due = self.due(before.map(AccountPosition::get), number.get());
        if number.get() != due {
            return Err(format!(
                "it is number {} of account {}, but number {due} is due",
                event.account_position, event.account_id
            ));
        }
        Ok(())
    }

    fn due(&self, before: Option<i64>, found: i64) -> i64 {
        match before {
            Some(before) => before + 1,
            None if self.from_the_start => 1,
            None => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_from_hexadecimal() {
        assert_eq!(from_hex(&to_hex(&[0xa7; 32])), Some([0xa7; 32]));
        assert_eq!(from_hex("a7"), None);
        assert_eq!(from_hex(&"g0".repeat(32)), None);
    }
}
