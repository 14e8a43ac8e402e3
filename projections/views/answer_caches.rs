//! Cached answers, each kept until an event concerns it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use domain::{ConversationId, InboxId, Position, PublicId, UserId};

use super::support::counts::Question as CountsQuestion;
use super::support::list::Question as ListQuestion;
use super::support::{Counts, SupportConversation, SupportPlace};
use super::{Views, list_page};
use crate::Error;
use crate::memory::{Answers, Changed, Memory};
use crate::readers::Readers;

/// Answers about support conversations also expire by the clock: a mute counts as over at its end,
/// before its timer has appended an event.
const SUPPORT_AGE_MAX: Duration = Duration::from_secs(1);

/// If this node has not announced the position of the rows by then, it answers from the rows.
const ROWS_WAIT: Duration = Duration::from_millis(100);

/// Caches of answers, one for each kind of question.
#[derive(Debug)]
pub(super) struct AnswerCaches {
    pub(super) list_pages: Answers<list_page::Key, Arc<list_page::Found>>,
    pub(super) inboxes_of: Answers<UserId, Arc<[InboxId]>>,
    pub(super) support_places: Answers<PublicId, Option<SupportPlace>>,
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
    /// The cached answer if it is still right, otherwise one that is read now. Without an account
    /// nothing is cached.
    ///
    /// A cached answer is right as of the announced position, and the rows are ahead of that for a
    /// moment. So that no caller sees less than an earlier answer showed, this first waits until
    /// the position that the rows had when the request arrived is announced.
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

    /// Waits up to `ROWS_WAIT` for this node to announce the position of the rows; false if it did
    /// not.
    async fn wait_for_rows(&self) -> Result<bool, Error> {
        let rows = self.rows.load(&self.readers, vec![()]).await?;
        match rows.get(&()) {
            Some(position) => Ok(self.progress.wait_for(**position, ROWS_WAIT).await),
            None => Ok(false),
        }
    }
}

/// The position of the read models' rows: the highest of their checkpoints.
pub(super) async fn fetch_rows(
    readers: Readers,
    models: Vec<String>,
) -> Result<HashMap<(), Position>, sqlx::Error> {
    let position: Option<Position> =
        sqlx::query_scalar(ROWS).bind(models).fetch_one(&readers).await?;
    Ok(position.map(|position| ((), position)).into_iter().collect())
}

/// Parameter: names of checkpoints.
const ROWS: &str = "select max(position) from checkpoints where name = any($1)";

/// Whether a change may concern what agents see of any support conversation. A member's own state
/// does not, except that of the two roles that agents share.
pub(super) fn concerns_desk(changed: &Changed) -> bool {
    match changed {
        Changed::Own(_, user) => [UserId::AGENTS, UserId::ASSIGNEE].contains(user),
        Changed::Nothing => false,
        Changed::Conversation(_)
        | Changed::Members(..)
        | Changed::SomeConversations
        | Changed::Inbox
        | Changed::Directory
        | Changed::Anything => true,
    }
}
