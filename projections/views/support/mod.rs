//! Agents' queries about support conversations, contacts, inboxes and teams.

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

/// The read models that queries about inboxes, teams, contacts and agents need.
const DESK: &[&str] = &[crate::directory::NAME, crate::desk::NAME];
/// The read models that queries about support conversations need.
const SUPPORT: &[&str] = &[crate::directory::NAME, crate::desk::NAME, crate::support::NAME];

/// Who asks: whom "me" means, and which inboxes they see.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The tenant.
    pub account: AccountId,
    /// The caller, whom "me" means; `None` for the host system.
    pub user: Option<UserId>,
    /// The inboxes that they see; `None` for all of the account.
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

/// A support conversation, with everything that is shown of it.
#[derive(Debug, Clone)]
pub struct SupportConversation {
    /// Its id.
    pub uuid: ConversationId,
    /// The public number.
    pub number: PublicId,
    /// The tenant.
    pub account: AccountId,
    /// The inbox's id.
    pub inbox: InboxId,
    /// The inbox's public number.
    pub inbox_number: PublicId,
    /// The inbox's channel.
    pub channel: Channel,
    /// The contact's link to the inbox.
    pub link: ContactLinkId,
    /// The link's source id, as the host system knows it.
    pub source_id: String,
    /// The contact.
    pub contact: Contact,
    /// The status.
    pub status: Status,
    /// When the snooze ends, if it is snoozed.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// The assigned agent.
    pub assignee: Option<Arc<User>>,
    /// The assigned team; `None` also if it was deleted.
    pub team: Option<Team>,
    /// In display order.
    pub labels: Vec<String>,
    /// Currently muted by the agents.
    pub muted: bool,
    /// The end of a mute that is over but not yet ended by an event.
    pub mute_over_since: Option<DateTime<Utc>>,
    /// Attributes from the channel.
    pub additional_attributes: Map<String, Value>,
    /// Attributes of the host system's own.
    pub custom_attributes: Map<String, Value>,
    /// The newest message, whether it was deleted or not.
    pub last_message: Option<SupportMessage>,
    /// Incoming messages newer than `agent_last_seen_at`.
    pub unread_count: i64,
    /// The time that the agents' shared read marker stands at.
    pub agent_last_seen_at: Option<DateTime<Utc>>,
    /// The time that the assignee's read marker stands at.
    pub assignee_last_seen_at: Option<DateTime<Utc>>,
    /// When the newest incoming message was posted.
    pub last_incoming_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When the newest message was posted or, before there is one, it was created.
    pub last_activity_at: DateTime<Utc>,
    /// When a human first replied in public.
    pub first_reply_created_at: Option<DateTime<Utc>>,
    /// Since when the contact has been waiting.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When it last changed, messages included.
    pub updated_at: DateTime<Utc>,
}

impl SupportConversation {
    /// Its approximate size in bytes.
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
    /// The conversation that it is in.
    pub conversation: ConversationId,
    /// From the contact, or to the contact or among agents.
    pub direction: Direction,
    /// The kind of sender.
    pub sender: Sender,
    /// The user who wrote it, if one did.
    pub author: Option<Arc<User>>,
    /// The contact who wrote it, if one did.
    pub contact: Option<Contact>,
    /// Whether it is a note among agents.
    pub private: bool,
    /// The type of its content.
    pub content_type: ContentType,
    /// Empty when it was deleted.
    pub text: String,
    /// Attributes of the content.
    pub content_attributes: Map<String, Value>,
    /// The channel's id for it.
    pub source_id: Option<String>,
    /// The client's id for it.
    pub echo_id: Option<String>,
    /// When it was posted.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether it was deleted, which leaves no text.
    pub deleted: bool,
}

/// A contact.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Its id.
    pub uuid: ContactId,
    /// The public number.
    pub number: PublicId,
    /// Empty when there is none.
    pub name: String,
    /// An e-mail address.
    pub email: Option<String>,
    /// A phone number.
    pub phone_number: Option<String>,
    /// The host system's identifier.
    pub identifier: Option<String>,
    /// Attributes from channels.
    pub additional_attributes: Map<String, Value>,
    /// Attributes of the host system's own.
    pub custom_attributes: Map<String, Value>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When the newest incoming message was posted.
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

/// A contact's link to an inbox.
#[derive(Debug, Clone)]
pub struct ContactLink {
    /// Its id.
    pub uuid: ContactLinkId,
    /// The contact.
    pub contact: ContactId,
    /// The inbox.
    pub inbox: InboxId,
    /// The contact's id in the inbox, as the host system knows it.
    pub source_id: String,
    /// In an inbox with one conversation per contact: the conversation that was chosen, which may
    /// not have been created yet.
    pub chosen: Option<ConversationId>,
}

/// An inbox.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// Its id.
    pub uuid: InboxId,
    /// The public number.
    pub number: PublicId,
    /// The name to show.
    pub name: String,
    /// The channel.
    pub channel: Channel,
    /// The URL of the website.
    pub website_url: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether a contact has one conversation here, for good.
    pub lock_to_single_conversation: bool,
    /// As set by clients.
    pub enable_auto_assignment: bool,
}

/// A team.
#[derive(Debug, Clone)]
pub struct Team {
    /// The id in its events.
    pub uuid: TeamId,
    /// The public number.
    pub number: PublicId,
    /// The name to show.
    pub name: String,
    /// What the team is for.
    pub description: Option<String>,
    /// As set by clients.
    pub allow_auto_assign: bool,
    /// All members.
    pub members: Vec<UserId>,
}

/// Criteria for a link when the request does not name both its inbox and its contact.
#[derive(Debug, Clone, Default)]
pub struct LinkSought {
    /// The contact's id in the inbox.
    pub source_id: String,
    /// Only in this inbox.
    pub inbox: Option<InboxId>,
    /// Only of this contact.
    pub contact: Option<ContactId>,
}
