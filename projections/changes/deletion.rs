use domain::ConversationId;
use domain::conversation::Event;
use event_store::RecordedEvent;

use super::Changes;

impl Changes<'_> {
    /// Deletions, for all models that have rows of what was deleted.
    pub(super) fn deletion(&mut self, recorded: &RecordedEvent, event: &Event) {
        match event {
            Event::MessageDeleted { message } => {
                self.deleted_messages.insert(*message);
            }
            Event::ConversationDeleted => {
                self.deleted_conversations.insert(ConversationId::new(recorded.aggregate_id));
            }
            _ => {}
        }
    }
}
