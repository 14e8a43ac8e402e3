//! A batch of the log, folded into its net changes, from which all read models are written.
//!
//! Events are reduced to one net change per row. One statement can then write a batch regardless of
//! the order of its events, and the rows do not depend on where the log is cut into batches.

mod conversation;
mod deletion;
mod desk;
mod lane;
mod member;
mod membership;
mod message;
mod read_ranges;
mod support;
mod support_message;
mod timer;
mod user;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{
    ContactId, ContactLinkId, ConversationId, InboxId, MembershipId, MessageId, ParticipationId,
    Position, Private, TeamId, UserId,
};
use event_store::{LogEvent, RecordedEvent};
use uuid::Uuid;

pub(crate) use conversation::{ConversationChanges, Created};
pub(crate) use desk::{ContactChanges, InboxChanges, LinkChanges, TeamChanges};
pub(crate) use lane::Lane;
pub(crate) use member::MemberChanges;
pub(crate) use membership::MembershipChange;
pub(crate) use message::{EditedMessage, PostedMessage};
pub(crate) use support::{CreatedSupport, SupportChanges};
pub(crate) use support_message::{DeletedSupport, PostedSupport};
pub(crate) use timer::TimerChange;
pub(crate) use user::UserChanges;

use crate::Error;

/// The net changes of a batch.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// If set, only what the models of this lane need is folded.
    lane: Option<Lane>,
    pub(crate) users: BTreeMap<UserId, UserChanges<'a>>,
    pub(crate) posted: BTreeMap<MessageId, PostedMessage<'a>>,
    pub(crate) edited: BTreeMap<MessageId, EditedMessage<'a>>,
    pub(crate) deleted_messages: BTreeSet<MessageId>,
    pub(crate) created: BTreeMap<ConversationId, Created<'a>>,
    pub(crate) conversations: BTreeMap<ConversationId, ConversationChanges<'a>>,
    pub(crate) deleted_conversations: BTreeSet<ConversationId>,
    /// Users who joined or left, by conversation and user.
    pub(crate) memberships: BTreeMap<(ConversationId, UserId), MembershipChange>,
    /// Changes that members made to their own state, by conversation and user.
    pub(crate) members: BTreeMap<(ConversationId, UserId), MemberChanges>,
    /// By stream and kind.
    pub(crate) timers: BTreeMap<(Uuid, &'static str), TimerChange>,
    /// The newest membership seen of each member's stream: timers of older memberships are void.
    pub(crate) newest_memberships: BTreeMap<ParticipationId, MembershipId>,
    pub(crate) created_support: BTreeMap<ConversationId, CreatedSupport<'a>>,
    pub(crate) support: BTreeMap<ConversationId, SupportChanges<'a>>,
    pub(crate) posted_support: BTreeMap<MessageId, PostedSupport<'a>>,
    /// Of any kind of conversation: the event of a deletion does not tell it.
    pub(crate) deleted_support: BTreeMap<MessageId, DeletedSupport>,
    pub(crate) inboxes: BTreeMap<InboxId, InboxChanges<'a>>,
    pub(crate) teams: BTreeMap<TeamId, TeamChanges<'a>>,
    pub(crate) deleted_teams: BTreeSet<TeamId>,
    pub(crate) contacts: BTreeMap<ContactId, ContactChanges<'a>>,
    pub(crate) links: BTreeMap<ContactLinkId, LinkChanges<'a>>,
}

impl<'a> Changes<'a> {
    /// Folds a batch. Unreadable events are skipped if they are quarantined.
    ///
    /// # Errors
    /// [`Error::Undecodable`] for the first unreadable event that is not quarantined. It stops
    /// every read model: the field that names its aggregate cannot be trusted either, and models
    /// that skipped it on their own would diverge from those that wait.
    pub fn fold(
        events: &'a [Arc<LogEvent>],
        quarantined: &BTreeSet<Position>,
    ) -> Result<Self, Error> {
        Self::fold_for(None, events, quarantined)
    }

    /// The same for the models of one lane; for all if `lane` is `None`.
    pub(crate) fn fold_for(
        lane: Option<Lane>,
        events: &'a [Arc<LogEvent>],
        quarantined: &BTreeSet<Position>,
    ) -> Result<Self, Error> {
        let mut changes = Self { lane, ..Self::default() };
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
                self.deletion(recorded, event);
                if self.lane != Some(Lane::Following) {
                    self.message(recorded, event);
                    self.timer_of_conversation(recorded, event);
                    self.support(recorded, event);
                    self.support_message(recorded, event);
                    self.contact_activity(recorded, event);
                }
                if self.lane != Some(Lane::Leading) {
                    self.conversation(recorded, event);
                    self.membership(recorded, event);
                }
            }
            domain::Event::Participation(event) => {
                let is_role = event.membership.user.is_role();
                if self.lane != Some(Lane::Following) {
                    self.timer_of_member(recorded, event);
                    if is_role {
                        self.support_of_role(recorded, event);
                    }
                }
                if self.lane != Some(Lane::Leading) && !is_role {
                    self.member(recorded, event);
                }
            }
            domain::Event::User(event) => self.user(recorded, event),
            domain::Event::Contact(event) => self.contact(recorded, event),
            domain::Event::ContactLink(event) => self.contact_link(recorded, event),
            domain::Event::Inbox(event) => self.inbox(recorded, event),
            domain::Event::Team(event) => self.team(recorded, event),
            domain::Event::ContactClaim(_) | domain::Event::Audit(_) => {}
        }
    }
}

/// The content of a private value, unless it was erased.
pub(crate) fn reveal<T>(value: &Option<Private<T>>) -> Option<&T> {
    value.as_ref().and_then(Private::reveal)
}
