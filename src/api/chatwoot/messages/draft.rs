//! A message to be posted, as read from a body.

use domain::conversation::support::{
    ContentType, Direction, Remark, Sender, SupportCommand, SupportMessage,
};
use domain::conversation::{Command, TEXT_LENGTH_MAX};
use domain::inbox::Channel;
use domain::limits::SOURCE_ID_LENGTH_MAX;
use domain::{ContactId, Text, UserId};
use serde_json::{Map, Value, json};

use crate::chatwoot::body::Body;
use crate::chatwoot::error::refused;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::request::new_id;
use crate::edge::token::Role;

/// A message to be posted, in a new or an existing conversation.
#[derive(Clone)]
pub(in crate::chatwoot) struct Draft {
    author: Option<UserId>,
    text: Text,
    remark: Remark,
    content_attributes: Map<String, Value>,
    source_id: Option<Text>,
}

const DIRECTIONS: &[Direction] = &[Direction::Outgoing, Direction::Incoming];

fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::Incoming => "incoming",
        Direction::Outgoing => "outgoing",
    }
}

/// The schema of a body that [`Draft::read`] reads.
pub(in crate::chatwoot) fn described(content_types: &[ContentType]) -> Value {
    let content_types: Vec<&str> = content_types.iter().map(|one| one.as_str()).collect();
    let directions: Vec<&str> = DIRECTIONS.iter().map(|one| name(*one)).collect();
    let name = json!({ "type": ["string", "null"], "maxLength": SOURCE_ID_LENGTH_MAX });
    json!({
        "type": "object",
        "properties": {
            "content": {
                "type": "string", "maxLength": TEXT_LENGTH_MAX,
                "description": "Blank only if the content is no text",
            },
            "message_type": {
                "type": "string", "enum": directions, "default": "outgoing",
                "description": "What the contact says comes in, through inboxes of the API alone",
            },
            "private": {
                "type": "boolean", "default": false, "description": "A note among agents",
            },
            "content_type": { "type": "string", "enum": content_types, "default": "text" },
            "content_attributes": { "type": ["object", "null"] },
            "source_id": name,
            "echo_id": name,
        },
        "example": { "content": "Hello" },
    })
}

impl Draft {
    /// Reads a message for a conversation of this inbox with this contact.
    pub(in crate::chatwoot) fn read(
        request: &Chatwoot,
        body: &Body,
        channel: Channel,
        contact: ContactId,
    ) -> Result<Self, Failure> {
        let direction = body.one_of("message_type", DIRECTIONS, name)?;
        let direction = direction.unwrap_or(Direction::Outgoing);
        let is_incoming = direction == Direction::Incoming;
        if is_incoming && channel != Channel::Api {
            let text = "Incoming messages are only allowed in Api inboxes";
            return Err(refused("message_type", text));
        }
        let content_type = body.one_of("content_type", ContentType::ALL, ContentType::as_str)?;
        let content_type = content_type.unwrap_or(ContentType::Text);
        let text = body.text("content")?;
        if text.is_none() && content_type == ContentType::Text {
            return Err(refused("content", "content must not be blank"));
        }
        let caller = &request.caller;
        let sender = match caller.role {
            _ if is_incoming => Sender::Contact,
            Role::Bot => Sender::Bot,
            Role::Service => Sender::Service,
            Role::Agent | Role::Administrator | Role::Member => Sender::Person,
        };
        Ok(Self {
            author: caller.user().filter(|_| !is_incoming),
            text: text.unwrap_or_default(),
            remark: Remark {
                direction,
                sender,
                contact: is_incoming.then_some(contact),
                // The contact cannot write private notes: these are for agents.
                private: body.boolean("private")?.unwrap_or(false) && !is_incoming,
                content_type,
                echo_id: body.text("echo_id")?.map(|echo_id| echo_id.as_str().to_owned()),
            },
            content_attributes: body.object("content_attributes")?.unwrap_or_default(),
            source_id: body.text("source_id")?,
        })
    }

    /// The command that posts it. `muted` says whether the conversation is muted; `None` where that
    /// is irrelevant.
    pub(in crate::chatwoot) fn post(self, muted: Option<bool>) -> Command {
        let Self { author, text, remark, content_attributes, source_id } = self;
        let message = new_id();
        let posted =
            SupportMessage { message, author, text, remark, content_attributes, source_id, muted };
        Command::Support(SupportCommand::PostMessage(Box::new(posted)))
    }

    pub(super) fn is_incoming(&self) -> bool {
        self.remark.direction == Direction::Incoming
    }
}
