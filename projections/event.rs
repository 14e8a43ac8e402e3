use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::{conversation, participation, user};
use event_store::RecordedEvent;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::Error;

/// A recorded event, decoded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its place in the log.
    pub position: i64,
    /// The tenant.
    pub account: i64,
    /// The stream.
    pub stream: Uuid,
    /// The uid of whoever acted, for events of a conversation; a member's own events name the member.
    pub actor: Option<String>,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: Event,
}

/// Every event that a read model can meet.
#[derive(Debug, Clone)]
pub enum Event {
    /// Of a conversation.
    Conversation(conversation::Event),
    /// Of one member in it.
    Participation(participation::Event),
    /// Of the directory.
    User(user::Event),
}

impl Recorded {
    /// Decodes by the stream's type.
    ///
    /// # Errors
    /// When the payload is not that type's, or the type is unknown.
    pub fn decode(recorded: &RecordedEvent) -> Result<Self, Error> {
        fn payload<T: DeserializeOwned>(recorded: &RecordedEvent) -> Result<T, Error> {
            serde_json::from_str(&recorded.payload)
                .map_err(|source| Error::Undecodable { position: recorded.position, source })
        }
        let event = match recorded.aggregate_type.as_str() {
            conversation::Conversation::TYPE => Event::Conversation(payload(recorded)?),
            participation::Participation::TYPE => Event::Participation(payload(recorded)?),
            user::User::TYPE => Event::User(payload(recorded)?),
            unknown => {
                return Err(Error::Undecodable {
                    position: recorded.position,
                    source: serde::de::Error::custom(format!("unknown stream type {unknown}")),
                });
            }
        };
        Ok(Self {
            position: recorded.position,
            account: recorded.account,
            stream: recorded.aggregate_id,
            actor: matches!(event, Event::Conversation(_))
                .then(|| recorded.metadata_value("actor"))
                .flatten(),
            at: recorded.recorded_at,
            event,
        })
    }
}
