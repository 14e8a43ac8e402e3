//! A batch of the log, folded once into its net changes: all read models are written from the same fold.
//!
//! Everything is reduced to the net change of each thing, so that one statement writes it whatever the order of
//! the events was, and how the log is cut into batches makes no difference to the rows.

mod conversation;
mod member;
mod membership;
mod message;
mod read_ranges;
mod timer;
mod user;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use event_store::{LogEvent, RecordedEvent};
use uuid::Uuid;

pub(crate) use conversation::{ConversationChanges, Created};
pub(crate) use member::MemberChanges;
pub(crate) use membership::MembershipChange;
pub(crate) use message::{EditedMessage, PostedMessage};
pub(crate) use timer::TimerChange;
pub(crate) use user::UserChanges;

use crate::Error;

/// The net changes of a batch.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    pub(crate) users: BTreeMap<Uuid, UserChanges<'a>>,
    pub(crate) posted: BTreeMap<Uuid, PostedMessage<'a>>,
    pub(crate) edited: BTreeMap<Uuid, EditedMessage<'a>>,
    /// Each with its conversation.
    pub(crate) deleted_messages: BTreeMap<Uuid, Uuid>,
    pub(crate) created: BTreeMap<Uuid, Created<'a>>,
    pub(crate) conversations: BTreeMap<Uuid, ConversationChanges<'a>>,
    pub(crate) deleted_conversations: BTreeSet<Uuid>,
    /// Who came or went, by conversation and user.
    pub(crate) memberships: BTreeMap<(Uuid, Uuid), MembershipChange>,
    /// What members did for themselves, by conversation and user.
    pub(crate) members: BTreeMap<(Uuid, Uuid), MemberChanges>,
    /// By stream and kind.
    pub(crate) timers: BTreeMap<(Uuid, &'static str), TimerChange>,
    /// The newest membership that each stream of a member is known to be of: timers of older ones are over.
    pub(crate) newest_memberships: BTreeMap<Uuid, i64>,
}

impl<'a> Changes<'a> {
    /// Folds a batch. An event that cannot be read is nothing if it is quarantined.
    ///
    /// # Errors
    /// [`Error::Undecodable`] at the first other event that cannot be read: no read model can go beyond it, of whatever
    /// aggregate it is. What says so is part of what cannot be trusted, and models that pass over it without being told
    /// to would be apart from those that wait.
    pub fn fold(events: &'a [Arc<LogEvent>], quarantined: &BTreeSet<i64>) -> Result<Self, Error> {
        let mut changes = Self::default();
        for event in events {
            match &event.event {
                Ok(decoded) => changes.add(&event.recorded, decoded),
                Err(_) if quarantined.contains(&event.recorded.position) => {}
                Err(error) => return Err(Error::Undecodable(error.clone())),
            }
        }
        Ok(changes)
    }

    pub(crate) fn add(&mut self, recorded: &'a RecordedEvent, event: &'a domain::Event) {
        match event {
            domain::Event::Conversation(event) => {
                self.membership(recorded, event);
                self.message(recorded, event);
                self.conversation(recorded, event);
                self.timer_of_conversation(recorded, event);
            }
            domain::Event::Participation(event) => {
                self.member(recorded, event);
                self.timer_of_member(recorded, event);
            }
            domain::Event::User(event) => self.user(recorded, event),
            domain::Event::Audit(_) => {}
        }
    }
}
