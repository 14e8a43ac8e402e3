use domain::ConversationId;
use domain::conversation::Event;
use event_store::RecordedEvent;

use super::Changes;

impl Changes<'_> {
    /// What is gone for all models.
    pub(super) fn deletion(&mut self, recorded: &RecordedEvent, event: &Event) {
        let conversation = ConversationId::new(recorded.aggregate_id);
        match event {
            Event::MessageDeleted { message } => {
                self.deleted_messages.insert(*message, conversation);
            }
            Event::ConversationDeleted => {
                self.deleted_messages.retain(|_, of| *of != conversation);
                self.deleted_conversations.insert(conversation);
            }
            _ => {}
        }
    }
}
