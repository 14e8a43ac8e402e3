use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::{audit, conversation, participation, user};
use event_store::RecordedEvent;
use uuid::Uuid;

use crate::Error;

/// A recorded event, decoded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its own id.
    pub id: Uuid,
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
    /// Of whoever reads a trail.
    Audit(audit::Event),
}

impl Recorded {
    /// Decodes by the stream's type.
    ///
    /// # Errors
    /// When the payload is not that type's, or the type is unknown.
    pub fn decode(recorded: &RecordedEvent) -> Result<Self, Error> {
        let event = match recorded.aggregate_type.as_str() {
            conversation::Conversation::TYPE => Event::Conversation(recorded.decode()?),
            participation::Participation::TYPE => Event::Participation(recorded.decode()?),
            user::User::TYPE => Event::User(recorded.decode()?),
            audit::Audit::TYPE => Event::Audit(recorded.decode()?),
            unknown => {
                return Err(Error::UnknownType {
                    position: recorded.position,
                    aggregate_type: unknown.to_owned(),
                });
            }
        };
        Ok(Self {
            id: recorded.event_id,
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
