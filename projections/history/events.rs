use std::collections::VecDeque;

use domain::{AccountId, ConversationId, Position};
use event_store::{Log, RecordedEvent};

use super::moment::Moment;
use crate::Error;

/// The events of a conversation up to a moment, read a page at a time.
pub(super) struct Events<'a> {
    log: &'a Log,
    account: Option<AccountId>,
    conversation: ConversationId,
    until: Moment,
    page: VecDeque<RecordedEvent>,
    page_size: usize,
    after: Position,
}

/// Least and most events per page. The first page has [`FIRST_PAGE_SIZE`], and each later one as
/// many as fit into [`PAGE_BYTES_MAX`], judged by the page before.
const PAGE_SIZES: [usize; 2] = [10, 1000];
const FIRST_PAGE_SIZE: usize = 100;
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

impl<'a> Events<'a> {
    pub(super) fn new(
        log: &'a Log,
        account: Option<AccountId>,
        conversation: ConversationId,
        until: Moment,
    ) -> Self {
        let page = VecDeque::new();
        Self {
            log,
            account,
            conversation,
            until,
            page,
            page_size: FIRST_PAGE_SIZE,
            after: Position::START,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<RecordedEvent>, Error> {
        // A fold that nobody waits for any more can be cancelled here.
        tokio::task::yield_now().await;
        if self.page.is_empty() {
            let limit = self.page_size as i64;
            self.page =
                self.log.read_conversation(self.conversation, self.after, limit).await?.into();
            let bytes: usize = self.page.iter().map(|event| event.payload.len()).sum();
            let [least, most] = PAGE_SIZES;
            let fitting = PAGE_BYTES_MAX * self.page.len() / bytes.max(1);
            self.page_size = fitting.clamp(least, most);
        }
        let next = self.page.pop_front();
        let next = next.filter(|event| !self.until.is_before(event, self.account));
        if let Some(event) = &next {
            self.after = event.position;
        }
        Ok(next)
    }
}
