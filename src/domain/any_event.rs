use crate::{
    Decider, Erasure, MessageId, StoredEvent, UserId, audit, contact, contact_claim, contact_link,
    conversation, inbox, is_outdated, participation, team, upcast, user,
};

/// An event of any aggregate, as a reader of the whole log gets it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of a conversation.
    Conversation(conversation::Event),
    /// Of one member's own state in a conversation.
    Participation(participation::Event),
    /// Of a user's entry in the directory.
    User(user::Event),
    /// Of a contact.
    Contact(contact::Event),
    /// Of the claim on a value that only one contact may have.
    ContactClaim(contact_claim::Event),
    /// Of the link of a source id to a contact.
    ContactLink(contact_link::Event),
    /// Of an inbox.
    Inbox(inbox::Event),
    /// Of the teams of an account.
    Team(team::Event),
    /// Of reads of an audit trail.
    Audit(audit::Event),
}

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The stream type is unknown to this version.
    #[error("there is no stream type {0}")]
    UnknownType(String),
    /// The JSON does not parse as an event of the aggregate.
    #[error("its JSON is not that of an event of its stream")]
    Json(#[from] serde_json::Error),
    /// The JSON is of another event type than the one it is stored under.
    #[error("its JSON is that of {0}")]
    OtherEvent(String),
}

impl Event {
    /// Reads a stored event of any version, upcast to its current shape.
    ///
    /// # Errors
    /// When the aggregate is unknown, or the JSON does not parse as the named event.
    pub fn read(
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: &str,
    ) -> Result<Self, Unreadable> {
        let named = (event_type, event_version, payload);
        match aggregate_type {
            conversation::Conversation::TYPE => read(named).map(Self::Conversation),
            participation::Participation::TYPE => read(named).map(Self::Participation),
            user::User::TYPE => read(named).map(Self::User),
            contact::Contact::TYPE => read(named).map(Self::Contact),
            contact_claim::ContactClaim::TYPE => read(named).map(Self::ContactClaim),
            contact_link::ContactLink::TYPE => read(named).map(Self::ContactLink),
            inbox::Inbox::TYPE => read(named).map(Self::Inbox),
            team::Teams::TYPE => read(named).map(Self::Team),
            audit::Audit::TYPE => read(named).map(Self::Audit),
            unknown => Err(Unreadable::UnknownType(unknown.to_owned())),
        }
    }

    /// All users that the event names; a user who is named twice is listed twice.
    pub fn users(&self) -> Vec<UserId> {
        use conversation::Event::*;
        match self {
            Self::Conversation(ConversationCreated { creator, members, support, .. }) => {
                let assignee = support.as_ref().and_then(|opening| opening.assignee);
                creator.iter().chain(members).copied().chain(assignee).collect()
            }
            Self::Conversation(MemberAdded { user } | MemberRemoved { user }) => vec![*user],
            Self::Conversation(MessagePosted { author, .. }) => author.iter().copied().collect(),
            Self::Conversation(MessageEdited { author, .. }) => vec![*author],
            Self::Conversation(AgentAssigned { agent }) => agent.iter().copied().collect(),
            Self::Inbox(inbox::Event::InboxMembersSet { members })
            | Self::Team(team::Event::TeamMembersSet { members, .. }) => members.clone(),
            Self::Participation(event) if event.membership.user.is_role() => vec![],
            Self::Participation(event) => vec![event.membership.user],
            Self::Conversation(_)
            | Self::User(_)
            | Self::Contact(_)
            | Self::ContactClaim(_)
            | Self::ContactLink(_)
            | Self::Inbox(_)
            | Self::Team(_)
            | Self::Audit(_) => vec![],
        }
    }

    /// The uid, if the event registers a user.
    pub fn registered_uid(&self) -> Option<&str> {
        match self {
            Self::User(user::Event::UserRegistered { uid, .. }) => Some(uid),
            _ => None,
        }
    }

    /// The message that the event's private values belong to, if any.
    pub fn subject(&self) -> Option<MessageId> {
        match self {
            Self::Conversation(event) => conversation::Conversation::subject(event),
            Self::Participation(event) => participation::Participation::subject(event),
            Self::User(event) => user::User::subject(event),
            Self::Contact(event) => contact::Contact::subject(event),
            Self::ContactClaim(event) => contact_claim::ContactClaim::subject(event),
            Self::ContactLink(event) => contact_link::ContactLink::subject(event),
            Self::Inbox(event) => inbox::Inbox::subject(event),
            Self::Team(event) => team::Teams::subject(event),
            Self::Audit(event) => audit::Audit::subject(event),
        }
    }

    /// What the event erases, if anything.
    pub fn erases(&self) -> Option<Erasure> {
        match self {
            Self::Conversation(event) => conversation::Conversation::erases(event),
            Self::Participation(event) => participation::Participation::erases(event),
            Self::User(event) => user::User::erases(event),
            Self::Contact(event) => contact::Contact::erases(event),
            Self::ContactClaim(event) => contact_claim::ContactClaim::erases(event),
            Self::ContactLink(event) => contact_link::ContactLink::erases(event),
            Self::Inbox(event) => inbox::Inbox::erases(event),
            Self::Team(event) => team::Teams::erases(event),
            Self::Audit(event) => audit::Audit::erases(event),
        }
    }
}

fn read<E: StoredEvent>(
    (event_type, event_version, payload): (&str, &str, &str),
) -> Result<E, Unreadable> {
    let event: E = if is_outdated(event_type, event_version) {
        let payload = serde_json::from_str(payload)?;
        serde_json::from_value(upcast(event_type, event_version, payload))?
    } else {
        serde_json::from_str(payload)?
    };
    let found = event.event_type();
    if found == event_type { Ok(event) } else { Err(Unreadable::OtherEvent(found.to_owned())) }
}
