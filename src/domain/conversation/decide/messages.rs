use serde_json::{Map, Value};

use super::change;
use crate::conversation::{Conversation, Event, Refusal, TEXT_LENGTH_MAX};
use crate::limits::{check_metadata, check_tags, check_text};
use crate::{MessageId, Text, UserId};

impl Conversation {
    pub(super) fn may_write(&self, author: UserId) -> Result<(), Refusal> {
        self.present()?;
        if self.members.contains(&author) { Ok(()) } else { Err(Refusal::NotAMember(author)) }
    }

    pub(super) fn delete_message(&self, message: MessageId) -> Result<Vec<Event>, Refusal> {
        self.kind()?;
        let present = !self.deleted_messages.contains(&message);
        Ok(change(present, Event::MessageDeleted { message }))
    }

    pub(super) fn pin(&self, message: MessageId) -> Result<Vec<Event>, Refusal> {
        self.present()?;
        self.has_not_deleted(message)?;
        let is_new = self.pinned_message != Some(message);
        Ok(change(is_new, Event::MessagePinned { message }))
    }

    pub(super) fn unpin(&self) -> Result<Vec<Event>, Refusal> {
        self.present()?;
        Ok(change(self.pinned_message.is_some(), Event::MessageUnpinned))
    }

    pub(super) fn has_not_deleted(&self, message: MessageId) -> Result<(), Refusal> {
        let deleted = self.deleted_messages.contains(&message);
        if deleted { Err(Refusal::MessageDeleted) } else { Ok(()) }
    }
}

pub(super) fn check_message(
    text: &Text,
    metadata: Option<&Map<String, Value>>,
    tags: &[String],
) -> Result<(), Refusal> {
    if text.is_blank() {
        return Err(Refusal::TextBlank);
    }
    check_text("text", text.as_str(), TEXT_LENGTH_MAX)?;
    check_metadata(metadata)?;
    Ok(check_tags(tags)?)
}
