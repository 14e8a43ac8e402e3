use std::sync::Arc;

use domain::conversation::Event as ConversationEvent;
use domain::{ConversationId, Event, PublicId};
use event_store::LogEvent;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// The events of the newest messages of support conversations: a message that was just posted is
/// answered from its event, without a statement. Only events enter, in their order, so a deleted
/// message is gone before its deletion is announced.
#[derive(Debug, Clone)]
pub(crate) struct PostedMessages(Arc<Cache<ConversationId, Arc<LogEvent>, Size>>);

#[derive(Debug, Clone)]
struct Size;

impl Weighter<ConversationId, Arc<LogEvent>> for Size {
    fn weight(&self, _: &ConversationId, event: &Arc<LogEvent>) -> u64 {
        // Twice the payload: it is held as read and as decoded.
        (size_of::<LogEvent>() + 2 * event.recorded.payload.len()) as u64
    }
}

impl PostedMessages {
    /// At most `bytes_max` bytes in all; 0 disables it.
    pub(super) fn new(bytes_max: u64) -> Self {
        let items = usize::try_from(bytes_max / 1024).unwrap_or(0);
        Self(Arc::new(Cache::with_weighter(items, bytes_max, Size)))
    }

    pub(super) fn follow(&self, event: &Arc<LogEvent>) {
        let conversation = ConversationId::new(event.recorded.aggregate_id);
        match &event.event {
            Ok(Event::Conversation(ConversationEvent::MessagePosted {
                support: Some(_), ..
            })) => self.0.insert(conversation, event.clone()),
            Ok(Event::Conversation(
                ConversationEvent::MessageDeleted { .. } | ConversationEvent::ConversationDeleted,
            )) => {
                self.0.remove(&conversation);
            }
            _ => {}
        }
    }

    pub(super) fn forget_all(&self) {
        self.0.clear();
    }

    /// The event that posted the message with this number, if it is the newest one.
    pub(crate) fn find(&self, conversation: ConversationId, id: PublicId) -> Option<Arc<LogEvent>> {
        let newest = self.0.get(&conversation)?;
        (PublicId::from(newest.recorded.account_position) == id).then_some(newest)
    }
}
