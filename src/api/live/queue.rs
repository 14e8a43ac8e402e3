//! Queues of items to be sent, bounded per stream and over all streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use domain::{AccountPosition, ConversationId, MessageId};
use event_store::LogEvent;
use tokio::sync::mpsc;

/// Queued items per stream.
const ITEMS_MAX: usize = 256;
/// Queued bytes per stream; a single item may be larger.
const BYTES_MAX: usize = 1 << 20;
/// Queued bytes over all streams; a stream with an empty queue still takes one item.
const TOTAL_BYTES_MAX: usize = 64 << 20;

/// An item to be sent on a stream.
#[derive(Clone)]
pub(crate) struct Item {
    /// The bytes as they are sent.
    pub(crate) bytes: Bytes,
    /// The event that it carries; `None` for what is not in the log.
    pub(crate) event: Option<LiveEvent>,
}

/// An event with what is needed to render it.
#[derive(Clone)]
pub(crate) struct LiveEvent {
    pub(crate) position: AccountPosition,
    pub(crate) conversation: Option<ConversationId>,
    /// The message whose text it carries.
    pub(crate) subject: Option<MessageId>,
    pub(crate) event: Arc<LogEvent>,
    /// The rendered JSON without the payload.
    pub(crate) head: Arc<str>,
}

/// Queued bytes over all streams.
#[derive(Debug, Clone, Default)]
pub(super) struct Total(Arc<AtomicUsize>);

pub(super) struct Sender {
    items: mpsc::Sender<(Item, Room)>,
    waiting: Arc<AtomicUsize>,
    total: Total,
}

/// The receiving end of a stream's queue; it ends when all senders are gone.
pub(super) struct Receiver(mpsc::Receiver<(Item, Room)>);

/// The bytes that a queued item occupies, released when dropped.
struct Room {
    size: usize,
    waiting: Arc<AtomicUsize>,
    total: Total,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.size, Relaxed);
        self.total.0.fetch_sub(self.size, Relaxed);
    }
}

pub(super) fn queue(total: &Total) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(ITEMS_MAX);
    let sender = Sender { items: sender, waiting: Arc::default(), total: total.clone() };
    (sender, Receiver(receiver))
}

impl Sender {
    /// Returns whether there was room.
    pub(super) fn push(&self, item: &Item) -> bool {
        let size = item.bytes.len();
        let room = Room { size, waiting: self.waiting.clone(), total: self.total.clone() };
        let waiting = self.waiting.fetch_add(size, Relaxed);
        let total = self.total.0.fetch_add(size, Relaxed);
        let is_alone = waiting == 0;
        let fits = waiting + size <= BYTES_MAX && total + size <= TOTAL_BYTES_MAX;
        (is_alone || fits) && self.items.try_send((item.clone(), room)).is_ok()
    }
}

impl Receiver {
    /// The next item; `None` when the stream is to end.
    pub(super) async fn next(&mut self) -> Option<Item> {
        self.0.recv().await.map(|(item, _)| item)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(size: usize) -> Item {
        Item { bytes: vec![0; size].into(), event: None }
    }

    #[tokio::test]
    async fn a_stream_has_room_for_little_and_for_one_item_of_any_size() {
        let total = Total::default();
        let (sender, mut receiver) = queue(&total);
        assert!(sender.push(&item(2 * BYTES_MAX)));
        assert!(!sender.push(&item(1)));
        assert!(receiver.next().await.is_some());
        assert!((0..ITEMS_MAX).all(|_| sender.push(&item(1))));
        assert!(!sender.push(&item(1)), "there are too many");
        drop((sender, receiver));
        assert_eq!(total.0.load(Relaxed), 0);
    }

    #[tokio::test]
    async fn all_streams_together_have_room_for_not_much() {
        let total = Total::default();
        let open = || queue(&total);
        let streams: Vec<_> = (0..2 * TOTAL_BYTES_MAX / BYTES_MAX).map(|_| open()).collect();
        let full = streams.iter().filter(|(sender, _)| {
            sender.push(&item(BYTES_MAX / 2)) && sender.push(&item(BYTES_MAX / 2))
        });
        assert!(full.count() <= TOTAL_BYTES_MAX / BYTES_MAX + 1);
    }
}
