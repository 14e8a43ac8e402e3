//! The dialect's objects, one file each, with their conversion from what the views return. A
//! missing value is null, except for the few properties that are then left out.

mod agent;
mod contact;
mod contact_inbox;
mod conversation;
mod inbox;
mod message;
mod team;

use chrono::{DateTime, SecondsFormat, Utc};

pub(super) use agent::{Agent, agent};
pub(super) use contact::{Contact, contact};
pub(super) use contact_inbox::{ContactInbox, LinkedContact, contact_inbox, linked_contact};
pub(super) use conversation::{Conversation, conversation, statuses};
pub(super) use inbox::{Inbox, channel_type, inbox};
pub(super) use message::{Message, PostedMessage, message, posted};
pub(super) use team::{Team, team};

/// Unix seconds; 0 for never.
pub(super) fn seconds(at: impl Into<Option<DateTime<Utc>>>) -> i64 {
    at.into().map_or(0, |at| at.timestamp())
}

/// ISO 8601 with milliseconds.
pub(super) fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
