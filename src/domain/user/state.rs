use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Command, Event, Profile, Refusal};
use crate::Stored;

/// A user of the host system, as the directory knows them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub(super) registered: bool,
    pub(super) profile: Profile,
}

impl User {
    /// The state after an event.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::UserRegistered { profile, .. } => {
                self.registered = true;
                self.profile = profile.clone();
            }
            Event::UserUpdated { profile } => self.profile.merge(profile),
        }
    }
}

impl Aggregate for User {
    const TYPE: &'static str = "user";
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

    fn apply(&mut self, event: Event) {
        self.evolve(&event);
    }
}

impl Stored for User {
    const STATE_SCHEMA: i32 = 1;

    fn name(command: &Command) -> &'static str {
        match command {
            Command::RegisterUser { .. } => "RegisterUser",
            Command::UpdateUser { .. } => "UpdateUser",
        }
    }

    fn conversation(_: Uuid, _: &Event) -> Option<Uuid> {
        None
    }
}
