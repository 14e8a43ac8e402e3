use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Command, Event, Refusal};
use crate::Stored;

/// Nothing is decided from what was read before, so nothing is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit;

impl Aggregate for Audit {
    const TYPE: &'static str = "audit";
    type Command = Command;
    type Event = Event;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: Event) {}
}

impl Stored for Audit {
    const STATE_SCHEMA: i32 = 1;

    fn name(command: &Command) -> &'static str {
        match command {
            Command::RecordReading { .. } => "RecordReading",
        }
    }

    fn conversation(_: Uuid, event: &Event) -> Option<Uuid> {
        let Event::AuditTrailRead { conversation, .. } = event;
        Some(*conversation)
    }
}
