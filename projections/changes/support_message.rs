use chrono::{DateTime, Utc};
use domain::conversation::Event;
use domain::conversation::support::Remark;
use domain::{AccountId, ConversationId, MessageId, PublicId, UserId};
use event_store::RecordedEvent;
use serde::Serialize;
use serde_json::{Map, Value};
use std::ops::Not;

use super::{Changes, reveal};

/// A message of a support conversation that the batch posted, in its state at the end of the batch.
#[derive(Debug, Serialize)]
pub(crate) struct PostedSupport<'a> {
    id: PublicId,
    uuid: MessageId,
    account_id: AccountId,
    conversation: ConversationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<UserId>,
    #[serde(flatten)]
    remark: &'a Remark,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_attributes: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'a String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Not::not")]
    deleted: bool,
}

/// A deleted message of an earlier batch: its row stays, without content.
#[derive(Debug, Serialize)]
pub(crate) struct DeletedSupport {
    uuid: MessageId,
    at: DateTime<Utc>,
    #[serde(skip)]
    conversation: ConversationId,
}

impl<'a> Changes<'a> {
    pub(super) fn support_message(&mut self, recorded: &'a RecordedEvent, event: &'a Event) {
        let conversation = ConversationId::new(recorded.aggregate_id);
        let at = recorded.recorded_at;
        match event {
            Event::MessagePosted {
                message,
                author,
                text,
                support: Some(remark),
                content_attributes,
                source_id,
                ..
            } => {
                let posted = PostedSupport {
                    id: recorded.account_position.into(),
                    uuid: *message,
                    account_id: recorded.account,
                    conversation,
                    author: *author,
                    remark,
                    text: text.as_str(),
                    content_attributes: reveal(content_attributes),
                    source_id: reveal(source_id),
                    created_at: at,
                    updated_at: at,
                    deleted: false,
                };
                self.posted_support.insert(*message, posted);
            }
            Event::MessageDeleted { message } => match self.posted_support.get_mut(message) {
                Some(posted) => {
                    (posted.text, posted.content_attributes) = ("", None);
                    (posted.source_id, posted.updated_at) = (None, at);
                    posted.deleted = true;
                }
                None => {
                    let deleted = DeletedSupport { uuid: *message, at, conversation };
                    self.deleted_support.insert(*message, deleted);
                }
            },
            Event::ConversationDeleted => {
                self.posted_support.retain(|_, posted| posted.conversation != conversation);
                self.deleted_support.retain(|_, deleted| deleted.conversation != conversation);
            }
            _ => {}
        }
    }
}
