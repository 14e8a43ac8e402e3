use chrono::{DateTime, Utc};
use domain::conversation::Event;
use domain::{AccountId, ConversationId, MessageId, Private, PublicId, Text, UserId};
use event_store::RecordedEvent;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Changes;

/// A message that the batch posted, in its state at the end of the batch.
#[derive(Debug, Serialize)]
pub(crate) struct PostedMessage<'a> {
    pub(crate) id: PublicId,
    pub(crate) uuid: MessageId,
    pub(crate) account_id: AccountId,
    pub(crate) conversation: ConversationId,
    pub(crate) author: UserId,
    pub(crate) created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) modified_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    pub(crate) content: Content<'a>,
}

/// An edit to a message of an earlier batch.
#[derive(Debug, Serialize)]
pub(crate) struct EditedMessage<'a> {
    uuid: MessageId,
    modified_at: DateTime<Utc>,
    #[serde(flatten)]
    content: Content<'a>,
    #[serde(skip)]
    pub(crate) conversation: ConversationId,
}

#[derive(Debug, Serialize)]
pub(crate) struct Content<'a> {
    pub(crate) text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<&'a Map<String, Value>>,
    pub(crate) tags: &'a [String],
}

impl<'a> Content<'a> {
    fn new(
        text: &'a Text,
        metadata: &'a Option<Private<Map<String, Value>>>,
        tags: &'a Private<Vec<String>>,
    ) -> Self {
        Self {
            text: text.as_str(),
            metadata: metadata.as_ref().and_then(Private::reveal),
            tags: tags.as_slice(),
        }
    }
}

impl<'a> Changes<'a> {
    pub(super) fn message(&mut self, recorded: &'a RecordedEvent, event: &'a Event) {
        let conversation = ConversationId::new(recorded.aggregate_id);
        match event {
            Event::MessagePosted {
                message,
                author: Some(author),
                text,
                metadata,
                tags,
                support: None,
                ..
            } => {
                let posted = PostedMessage {
                    id: recorded.account_position.into(),
                    uuid: *message,
                    account_id: recorded.account,
                    conversation,
                    author: *author,
                    created_at: recorded.recorded_at,
                    modified_at: None,
                    content: Content::new(text, metadata, tags),
                };
                self.posted.insert(*message, posted);
            }
            Event::MessageEdited { message, text, metadata, tags, .. } => {
                let (uuid, modified_at) = (*message, recorded.recorded_at);
                let content = Content::new(text, metadata, tags);
                match self.posted.get_mut(message) {
                    Some(posted) => {
                        posted.modified_at = Some(modified_at);
                        posted.content = content;
                    }
                    None => {
                        let edited = EditedMessage { uuid, modified_at, content, conversation };
                        self.edited.insert(uuid, edited);
                    }
                }
            }
            Event::MessageDeleted { message } => {
                self.posted.remove(message);
                self.edited.remove(message);
            }
            Event::ConversationDeleted => {
                self.posted.retain(|_, posted| posted.conversation != conversation);
                self.edited.retain(|_, edited| edited.conversation != conversation);
            }
            _ => {}
        }
    }
}
