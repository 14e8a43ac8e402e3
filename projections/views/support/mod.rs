//! What agents ask of support conversations, contacts, inboxes and teams.

pub(super) mod contacts;
pub(super) mod conversation;
pub(super) mod counts;
pub(super) mod desk;
pub(super) mod filter;
pub(super) mod list;
pub(super) mod matching;
pub(super) mod messages;
pub(super) mod ranges;
mod rows;

use chrono::{DateTime, Utc};
use domain::conversation::support::{ContentType, Direction, Priority, Sender, Status};
use domain::inbox::Channel;
use domain::{
    AccountId, ContactId, ContactLinkId, ConversationId, InboxId, MessageId, PublicId, TeamId,
    UserId,
};
use serde_json::{Map, Value};
use std::sync::Arc;

pub use filter::{Assignee, Filter, Order};

use crate::User;
use crate::memory::{map_size, tags_size};

pub use conversation::SupportPlace;

/// The read models that inboxes, teams, contacts and agents are shown from.
const DESK: &[&str] = &[crate::directory::NAME, crate::desk::NAME];
/// The read models that support conversations are shown from.
const SUPPORT: &[&str] = &[crate::directory::NAME, crate::desk::NAME, crate::support::NAME];

/// Whose question it is: whom "me" means, and what they see.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The tenant.
    pub account: AccountId,
    /// Whom "me" means; none for the host system.
    pub user: Option<UserId>,
    /// The inboxes that they see; `None`: all of the account.
    pub inboxes: Option<Vec<InboxId>>,
}

/// The four counts of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The caller's own.
    pub mine: i64,
    /// Those with an assignee.
    pub assigned: i64,
    /// Those without one.
    pub unassigned: i64,
    /// All of them.
    pub all: i64,
}

/// A support conversation, with all that is shown of it.
#[derive(Debug, Clone)]
pub struct SupportConversation {
    /// The stream.
    pub uuid: ConversationId,
    /// The public number.
    pub number: PublicId,
    /// The tenant.
    pub account: AccountId,
    /// The stream of its inbox.
    pub inbox: InboxId,
    /// The inbox's public number.
    pub inbox_number: PublicId,
    /// Through what the inbox is reached.
    pub channel: Channel,
    /// Who the contact is in the inbox.
    pub link: ContactLinkId,
    /// The same, as the host system says it.
    pub source_id: String,
    /// With whom.
    pub contact: Contact,
    /// How far it is.
    pub status: Status,
    /// When snoozed: the end.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Which agent takes care of it.
    pub assignee: Option<Arc<User>>,
    /// Which team takes care of it; none if it was deleted.
    pub team: Option<Team>,
    /// In the order to be shown.
    pub labels: Vec<String>,
    /// Muted by the agents, now.
    pub muted: bool,
    /// The end of a mute that is over, until an event has ended it.
    pub mute_over_since: Option<DateTime<Utc>>,
    /// What the channel says of it.
    pub additional_attributes: Map<String, Value>,
    /// The host system's own.
    pub custom_attributes: Map<String, Value>,
    /// The newest message, whether it was deleted or not.
    pub last_message: Option<SupportMessage>,
    /// Incoming messages after `agent_last_seen_at`.
    pub unread_count: i64,
    /// Where the agents' marker is.
    pub agent_last_seen_at: Option<DateTime<Utc>>,
    /// Where the assignee's marker is.
    pub assignee_last_seen_at: Option<DateTime<Utc>>,
    /// The newest incoming message.
    pub last_incoming_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The newest message, or when it was made.
    pub last_activity_at: DateTime<Utc>,
    /// When a person first answered in public.
    pub first_reply_created_at: Option<DateTime<Utc>>,
    /// Since when the contact waits.
    pub waiting_since: Option<DateTime<Utc>>,
    /// The newest change, messages included.
    pub updated_at: DateTime<Utc>,
}

impl SupportConversation {
    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let attributes = [&self.additional_attributes, &self.custom_attributes];
        size_of::<Self>()
            + self.source_id.len()
            + tags_size(&self.labels)
            + attributes.map(map_size).iter().sum::<usize>()
            + self.contact.size()
            + self.team.as_ref().map_or(0, |team| size_of_val(&team.members[..]))
            + self.last_message.as_ref().map_or(0, |message| {
                let contact = message.contact.as_ref().map_or(0, Contact::size);
                message.text.len() + map_size(&message.content_attributes) + contact
            })
    }
}

/// A message of a support conversation.
#[derive(Debug, Clone)]
pub struct SupportMessage {
    /// The public number.
    pub id: PublicId,
    /// Its own id.
    pub uuid: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Which way it goes.
    pub direction: Direction,
    /// What sent it.
    pub sender: Sender,
    /// The user who wrote it, if one did.
    pub author: Option<Arc<User>>,
    /// The contact who wrote it, if one did.
    pub contact: Option<Contact>,
    /// A note among agents.
    pub private: bool,
    /// What it holds.
    pub content_type: ContentType,
    /// Empty when it was deleted.
    pub text: String,
    /// What comes with it.
    pub content_attributes: Map<String, Value>,
    /// The channel's own name of it.
    pub source_id: Option<String>,
    /// The client's own name of it.
    pub echo_id: Option<String>,
    /// When it was posted.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// Its text is gone.
    pub deleted: bool,
}

/// A contact.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The stream.
    pub uuid: ContactId,
    /// The public number.
    pub number: PublicId,
    /// Empty when there is none.
    pub name: String,
    /// An e-mail address.
    pub email: Option<String>,
    /// A phone number.
    pub phone_number: Option<String>,
    /// The host system's name.
    pub identifier: Option<String>,
    /// What channels say of the contact.
    pub additional_attributes: Map<String, Value>,
    /// The host system's own.
    pub custom_attributes: Map<String, Value>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The newest incoming message.
    pub last_activity_at: Option<DateTime<Utc>>,
}

impl Contact {
    fn size(&self) -> usize {
        let texts = [&self.email, &self.phone_number, &self.identifier];
        self.name.len()
            + texts.map(|text| text.as_ref().map_or(0, String::len)).iter().sum::<usize>()
            + map_size(&self.additional_attributes)
            + map_size(&self.custom_attributes)
    }
}

/// Who a contact is in an inbox.
#[derive(Debug, Clone)]
pub struct ContactLink {
    /// The stream.
    pub uuid: ContactLinkId,
    /// The contact.
    pub contact: ContactId,
    /// The inbox.
    pub inbox: InboxId,
    /// Who the contact is there.
    pub source_id: String,
    /// In an inbox of one conversation a contact: the one that was chosen, which may be yet to be
    /// made.
    pub chosen: Option<ConversationId>,
}

/// An inbox.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// The stream.
    pub uuid: InboxId,
    /// The public number.
    pub number: PublicId,
    /// The name to show.
    pub name: String,
    /// Through what it is reached.
    pub channel: Channel,
    /// Where the page is.
    pub website_url: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// A contact has one conversation for good.
    pub lock_to_single_conversation: bool,
    /// As clients set it.
    pub enable_auto_assignment: bool,
}

/// A team.
#[derive(Debug, Clone)]
pub struct Team {
    /// What its events call it.
    pub uuid: TeamId,
    /// The public number.
    pub number: PublicId,
    /// The name to show.
    pub name: String,
    /// What it is there for.
    pub description: Option<String>,
    /// As clients set it.
    pub allow_auto_assign: bool,
    /// Everyone in it.
    pub members: Vec<UserId>,
}

/// Which link is meant when no inbox and contact together say so.
#[derive(Debug, Clone, Default)]
pub struct LinkSought {
    /// Who the contact is in the inbox.
    pub source_id: String,
    /// In that inbox only.
    pub inbox: Option<InboxId>,
    /// Of that contact only.
    pub contact: Option<ContactId>,
}
