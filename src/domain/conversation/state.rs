use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Command, Event, Kind, Refusal};
use crate::{Erasure, Private, Stored, Text};

/// A conversation, as far as its rules need to know it. The default is one that does not exist.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub(super) kind: Option<Kind>,
    pub(super) members: BTreeSet<Uuid>,
    pub(super) name: Option<Text>,
    pub(super) description: Option<Text>,
    pub(super) tags: Private<Vec<String>>,
    pub(super) avatar_url: Option<Text>,
    pub(super) pinned_message: Option<Uuid>,
    pub(super) trashed: bool,
    pub(super) message_count: u64,
    /// Messages that are gone: they cannot be edited, and deleting them again changes nothing.
    pub(super) deleted_messages: BTreeSet<Uuid>,
    pub(super) deleted: bool,
}

impl Conversation {
    /// The state after an event.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::ConversationCreated { kind, members, name, description, tags, .. } => {
                self.kind = Some(*kind);
                self.members = members.iter().copied().collect();
                self.name.clone_from(name);
                self.description.clone_from(description);
                self.tags.clone_from(tags);
            }
            Event::ConversationRenamed { name } => self.name.clone_from(name),
            Event::ConversationDescribed { description } => {
                self.description.clone_from(description)
            }
            Event::ConversationTagged { tags } => self.tags.clone_from(tags),
            Event::ConversationTrashed => self.trashed = true,
            Event::ConversationRestored => self.trashed = false,
            Event::MemberAdded { user } => {
                self.members.insert(*user);
            }
            Event::MemberRemoved { user } => {
                self.members.remove(user);
            }
            Event::MessagePosted { .. } => self.message_count += 1,
            Event::MessageEdited { .. } => {}
            Event::AvatarChanged { avatar_url } => self.avatar_url.clone_from(avatar_url),
            Event::MessagePinned { message } => self.pinned_message = Some(*message),
            Event::MessageUnpinned => self.pinned_message = None,
            Event::MessageDeleted { message } => {
                self.pinned_message.take_if(|pinned| pinned == message);
                self.deleted_messages.insert(*message);
            }
            Event::ConversationDeleted => {
                *self = Self { kind: self.kind, deleted: true, ..Self::default() };
            }
        }
    }
}

impl Aggregate for Conversation {
    const TYPE: &'static str = "conversation";
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

impl Stored for Conversation {
    const STATE_SCHEMA: i32 = 2;

    fn name(command: &Command) -> &'static str {
        command.name()
    }

    fn conversation(stream: Uuid, _: &Event) -> Option<Uuid> {
        Some(stream)
    }

    fn subject(event: &Event) -> Option<Uuid> {
        match event {
            Event::MessagePosted { message, .. } | Event::MessageEdited { message, .. } => {
                Some(*message)
            }
            _ => None,
        }
    }

    fn erases(event: &Event) -> Option<Erasure> {
        match event {
            Event::MessageDeleted { message } => Some(Erasure::Message(*message)),
            Event::ConversationDeleted => Some(Erasure::Stream),
            _ => None,
        }
    }
}
