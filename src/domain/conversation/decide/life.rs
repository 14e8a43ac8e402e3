//! Trashing, restoring and deleting.

use super::change;
use crate::conversation::{Conversation, Event, Refusal};

impl Conversation {
    pub(super) fn trash(&self) -> Result<Vec<Event>, Refusal> {
        self.kind()?;
        Ok(change(!self.trashed, Event::ConversationTrashed))
    }

    pub(super) fn restore(&self) -> Result<Vec<Event>, Refusal> {
        self.kind()?;
        Ok(change(self.trashed, Event::ConversationRestored))
    }

    pub(super) fn delete(&self) -> Result<Vec<Event>, Refusal> {
        if self.deleted {
            return Ok(vec![]);
        }
        self.kind()?;
        Ok(vec![Event::ConversationDeleted])
    }
}
