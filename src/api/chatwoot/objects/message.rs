use std::sync::LazyLock;

use domain::conversation::support::{ContentType, Direction, Sender as SentBy};
use projections::User;
use projections::views::support::{self, SupportConversation, SupportMessage, SupportPlace};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::{iso, seconds};
use crate::description::written;

/// The content of a deleted message.
const DELETED: &str = "This message was deleted";

static DELETED_ATTRIBUTES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| Map::from_iter([("deleted".to_owned(), true.into())]));

fn types() -> RefOr<Schema> {
    written(json!({
        "type": "integer", "enum": [0, 1, 2, 3],
        "description": "0 incoming, 1 outgoing, 2 activity, 3 template",
    }))
}

fn content_types() -> RefOr<Schema> {
    let names: Vec<&str> = ContentType::ALL.iter().map(|one| one.as_str()).collect();
    written(json!({ "type": "string", "enum": names }))
}

fn message_type(direction: Direction) -> u8 {
    match direction {
        Direction::Incoming => 0,
        Direction::Outgoing => 1,
    }
}

fn content(message: &SupportMessage) -> &str {
    if message.deleted { DELETED } else { &message.text }
}

fn content_attributes(message: &SupportMessage) -> &Map<String, Value> {
    if message.deleted { &DELETED_ATTRIBUTES } else { &message.content_attributes }
}

/// The sender of a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Sender<'a> {
    Contact(SendingContact<'a>),
    User(SendingUser<'a>),
}

/// The contact, as shown with a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SendingContact<'a> {
    id: i64,
    name: &'a str,
    email: Option<&'a str>,
    phone_number: Option<&'a str>,
    identifier: Option<&'a str>,
    thumbnail: &'static str,
    blocked: bool,
    #[schema(value_type = Object)]
    additional_attributes: &'a Map<String, Value>,
    #[schema(value_type = Object)]
    custom_attributes: &'a Map<String, Value>,
    r#type: &'static str,
}

/// A user or a bot, as shown with a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SendingUser<'a> {
    id: i64,
    name: &'a str,
    available_name: &'a str,
    avatar_url: &'a str,
    thumbnail: &'a str,
    availability_status: &'static str,
    r#type: &'static str,
}

/// The kind, the number and the object of a message's sender; all `None` for the host system.
fn sender(message: &SupportMessage) -> (Option<&'static str>, Option<i64>, Option<Sender<'_>>) {
    let of_user = |user: &User| user.id.get();
    let author = message.author.as_deref();
    let contact = message.contact.as_ref();
    let user = |r#type| author.map(|author| Sender::User(sending_user(author, r#type)));
    match message.sender {
        SentBy::Contact => {
            let number = contact.map(|contact| contact.number.get());
            (Some("Contact"), number, contact.map(|contact| Sender::Contact(sending(contact))))
        }
        SentBy::Person => (Some("User"), author.map(of_user), user("user")),
        SentBy::Bot => (Some("AgentBot"), author.map(of_user), user("agent_bot")),
        SentBy::Service => (None, None, None),
    }
}

fn sending(contact: &support::Contact) -> SendingContact<'_> {
    SendingContact {
        id: contact.number.get(),
        name: &contact.name,
        email: contact.email.as_deref(),
        phone_number: contact.phone_number.as_deref(),
        identifier: contact.identifier.as_deref(),
        thumbnail: "",
        blocked: false,
        additional_attributes: &contact.additional_attributes,
        custom_attributes: &contact.custom_attributes,
        r#type: "contact",
    }
}

fn sending_user<'a>(user: &'a User, r#type: &'static str) -> SendingUser<'a> {
    let picture = user.avatar_url.as_deref().unwrap_or_default();
    SendingUser {
        id: user.id.get(),
        name: user.display_name(),
        available_name: user.display_name(),
        avatar_url: picture,
        thumbnail: picture,
        availability_status: "online",
        r#type,
    }
}

/// Details of the conversation that come with each message in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Around<'a> {
    assignee_id: Option<i64>,
    unread_count: i64,
    last_activity_at: i64,
    contact_inbox: Source<'a>,
}

/// The contact's source id in the inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Source<'a> {
    source_id: &'a str,
}

/// A message within a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message<'a> {
    id: i64,
    content: &'a str,
    account_id: i64,
    inbox_id: i64,
    conversation_id: i64,
    #[schema(schema_with = types)]
    message_type: u8,
    created_at: i64,
    #[schema(format = DateTime)]
    updated_at: String,
    private: bool,
    status: &'static str,
    source_id: Option<&'a str>,
    #[schema(schema_with = content_types)]
    content_type: &'static str,
    #[schema(value_type = Object)]
    content_attributes: &'a Map<String, Value>,
    sender_type: Option<&'static str>,
    sender_id: Option<i64>,
    #[schema(value_type = Object)]
    external_source_ids: Map<String, Value>,
    #[schema(value_type = Object)]
    additional_attributes: Map<String, Value>,
    processed_message_content: &'a str,
    #[schema(value_type = Object)]
    sentiment: Map<String, Value>,
    conversation: Around<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Sender, required = false)]
    sender: Option<Sender<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = str, required = false)]
    echo_id: Option<&'a str>,
}

pub(crate) fn message<'a>(
    message: &'a SupportMessage,
    conversation: &'a SupportConversation,
) -> Message<'a> {
    let (sender_type, sender_id, sender) = sender(message);
    Message {
        id: message.id.get(),
        content: content(message),
        account_id: conversation.account.get(),
        inbox_id: conversation.inbox_number.get(),
        conversation_id: conversation.number.get(),
        message_type: message_type(message.direction),
        created_at: seconds(message.created_at),
        updated_at: iso(message.updated_at),
        private: message.private,
        status: "sent",
        source_id: message.source_id.as_deref(),
        content_type: message.content_type.as_str(),
        content_attributes: content_attributes(message),
        sender_type,
        sender_id,
        external_source_ids: Map::new(),
        additional_attributes: Map::new(),
        processed_message_content: content(message),
        sentiment: Map::new(),
        conversation: Around {
            assignee_id: conversation.assignee.as_ref().map(|user| user.id.get()),
            unread_count: conversation.unread_count,
            last_activity_at: seconds(conversation.last_activity_at),
            contact_inbox: Source { source_id: &conversation.source_id },
        },
        sender,
        echo_id: message.echo_id.as_deref(),
    }
}

/// A message on its own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PostedMessage<'a> {
    id: i64,
    content: &'a str,
    inbox_id: i64,
    conversation_id: i64,
    #[schema(schema_with = types)]
    message_type: u8,
    #[schema(schema_with = content_types)]
    content_type: &'static str,
    status: &'static str,
    #[schema(value_type = Object)]
    content_attributes: &'a Map<String, Value>,
    created_at: i64,
    private: bool,
    source_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = str, required = false)]
    echo_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Sender, required = false)]
    sender: Option<Sender<'a>>,
}

pub(crate) fn posted<'a>(message: &'a SupportMessage, place: &SupportPlace) -> PostedMessage<'a> {
    let (_, _, sender) = sender(message);
    PostedMessage {
        id: message.id.get(),
        content: content(message),
        inbox_id: place.inbox_number.get(),
        conversation_id: place.number.get(),
        message_type: message_type(message.direction),
        content_type: message.content_type.as_str(),
        status: "sent",
        content_attributes: content_attributes(message),
        created_at: seconds(message.created_at),
        private: message.private,
        source_id: message.source_id.as_deref(),
        echo_id: message.echo_id.as_deref(),
        sender,
    }
}
