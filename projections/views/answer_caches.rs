//! Answers that are kept until an event concerns them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use domain::{ConversationId, InboxId, Position, PublicId, UserId};

use super::support::counts::Question as CountsQuestion;
use super::support::list::Question as ListQuestion;
use super::support::{Counts, SupportConversation};
use super::{Views, list_page};
use crate::Error;
use crate::memory::{Answers, Changed, Memory};
use crate::readers::Readers;

/// What is shown of a support conversation depends on the clock: the end of a mute is one before
/// its timer has said so.
const SUPPORT_AGE_MAX: Duration = Duration::from_secs(1);

/// Of a node that is further behind, rows are read.
const ROWS_WAIT: Duration = Duration::from_millis(100);

/// Answers that were given before.
#[derive(Debug)]
pub(super) struct AnswerCaches {
    pub(super) list_pages: Answers<list_page::Key, Arc<list_page::Found>>,
    pub(super) inboxes_of: Answers<UserId, Arc<[InboxId]>>,
    pub(super) support_places: Answers<PublicId, Option<(ConversationId, InboxId)>>,
    pub(super) support_conversations: Answers<ConversationId, Option<Arc<SupportConversation>>>,
    pub(super) support_lists: Answers<ListQuestion, Arc<[SupportConversation]>>,
    pub(super) support_counts: Answers<CountsQuestion, Counts>,
}

impl AnswerCaches {
    pub(super) fn of(memory: &Memory) -> Self {
        let (much, little) = (memory.bytes_max, memory.bytes_max / 8);
        let of_all = |all: &Arc<[SupportConversation]>| {
            all.iter().map(SupportConversation::size).sum::<usize>()
        };
        let of_one =
            |one: &Option<Arc<SupportConversation>>| one.as_ref().map_or(0, |one| one.size());
        Self {
            list_pages: Answers::new(much, |found| found.size()),
            inboxes_of: Answers::new(little, |all| size_of_val(&all[..])),
            support_places: Answers::new(little, |_| 0),
            support_conversations: Answers::new(much / 2, of_one).for_at_most(SUPPORT_AGE_MAX),
            support_lists: Answers::new(much, of_all).for_at_most(SUPPORT_AGE_MAX),
            support_counts: Answers::new(little, |_| size_of::<Counts>()),
        }
    }
}

impl Views {
    /// The answer that was given before, if it is right still, or what is read. Without an account
    /// nothing is kept.
    ///
    /// An answer from memory is as of what is announced, and rows are ahead of that for a moment.
    /// So that no caller is shown less than they have seen, it waits until what the rows had come
    /// to when the request came is announced.
    pub(super) async fn cached<Q: Clone + Eq + Hash, V: Clone>(
        &self,
        before: &Answers<Q, V>,
        question: Q,
        concerns: impl Fn(&V, &Changed) -> bool,
        read: impl Future<Output = Result<V, Error>>,
    ) -> Result<V, Error> {
        let Some(account) = self.readers.account() else { return read.await };
        if !*self.is_announced.get_or_try_init(|| self.wait_for_rows()).await? {
            return read.await;
        }
        let now = self.progress.account_position(account).await?;
        let as_of = (&self.memory.recent, self.memory.recent.as_of(now));
        before.get((account, question), as_of, concerns, read).await
    }

    /// Waits shortly until this node has announced the position of the rows; whether it has.
    async fn wait_for_rows(&self) -> Result<bool, Error> {
        let rows = self.rows.load(&self.readers, vec![()]).await?;
        match rows.get(&()) {
            Some(position) => Ok(self.progress.wait_for(**position, ROWS_WAIT).await),
            None => Ok(false),
        }
    }
}

/// How far the rows of the read models have come.
pub(super) async fn fetch_rows(
    readers: Readers,
    models: Vec<String>,
) -> Result<HashMap<(), Position>, sqlx::Error> {
    let position: Option<Position> =
        sqlx::query_scalar(ROWS).bind(models).fetch_one(&readers).await?;
    Ok(position.map(|position| ((), position)).into_iter().collect())
}

/// For the names of checkpoints.
const ROWS: &str = "select max(position) from checkpoints where name = any($1)";

/// Whether a change may concern what agents see of any support conversation. Each member's own
/// state is their own, but for that of the roles that agents share.
pub(super) fn concerns_desk(changed: &Changed) -> bool {
    match changed {
        Changed::Own(_, user) => [UserId::AGENTS, UserId::ASSIGNEE].contains(user),
        Changed::Nothing => false,
        Changed::Conversation(_)
        | Changed::Members(..)
        | Changed::Inbox
        | Changed::Directory
        | Changed::Anything => true,
    }
}
