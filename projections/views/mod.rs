//! Queries on the read models: one file each, with the statement and the answer's type.
//!
//! A view may join any of the read models, since one transaction writes them all. It reads the
//! caller's own rows along an index, and takes the state that all viewers share from the node's
//! memory.

mod activity;
mod answer_caches;
mod badge;
mod chats;
mod contacts;
mod conversation;
mod followed;
mod groups;
mod list;
mod list_page;
mod member_state;
mod members;
mod memberships;
mod messages;
mod page_ends;
mod reads;
mod search;
mod served;
pub mod support;
#[cfg(test)]
mod tests;
mod timers;
mod user_lists;
mod users;

use std::sync::Arc;

use domain::conversation::Kind;
use domain::{AccountId, AccountPosition, ConversationId, Position, PublicId, UserId};
use event_store::Surface;
use futures::FutureExt;
use tokio::sync::OnceCell;

use crate::memberships::bucket::Wanted;
use crate::memory::{KEYS_MAX, Loader, Memory};
use crate::readers::Readers;
use crate::{AnswerSize, Error, Progress};

use answer_caches::AnswerCaches;
use page_ends::PageEnds;

pub use activity::{Entry, Flags};
pub use badge::UnreadCounts;
pub use chats::{Chat, Choice, Column};
pub use contacts::Contact;
pub use conversation::{View, Viewer};
pub use followed::Followed;
pub use groups::Group;
pub use list::{Filter, Order};
pub use member_state::MemberState;
pub use memberships::Membership;
pub use messages::ShownMessage;
pub use reads::{Name, Read};
pub use served::{host_kinds, member_kinds, served_kinds, support_kinds};
pub use timers::Due;
pub use user_lists::Selection;
pub use users::Reference;

/// The read models that queries about users need.
const DIRECTORY: &[&str] = &[crate::directory::NAME];
/// The read models that queries about conversations need.
const SHOWN: &[&str] = &[
    crate::directory::NAME,
    crate::messages::NAME,
    crate::conversations::NAME,
    crate::memberships::NAME,
];

/// Answers questions from the read models and the node's memory.
#[derive(Debug, Clone)]
pub struct Views {
    readers: Readers,
    memory: Memory,
    progress: Progress,
    /// The kinds of conversations that these views serve.
    kinds: &'static [Kind],
    answers: Arc<AnswerCaches>,
    /// Whether this node has announced the position that the rows had when the request arrived;
    /// found out once per request.
    is_announced: Arc<OnceCell<bool>>,
    rows: Loader<(), Position>,
    list_pages: Loader<list_page::Key, list_page::Found>,
    list_ends: PageEnds<(UserId, Wanted), list_page::End>,
    chat_ends: PageEnds<(UserId, Wanted), chats::ChatEnd>,
    message_ends: PageEnds<(ConversationId, bool), PublicId>,
    support_ends: PageEnds<Arc<support::ranges::Ranges>, support::ranges::Start, AccountPosition>,
    states: Loader<(UserId, ConversationId), MemberState>,
    unread_counts: Loader<UserId, UnreadCounts>,
}

impl Views {
    /// Views of the read models that `progress` tracks, serving conversations of every kind.
    pub fn new(memory: Memory, progress: Progress) -> Self {
        let schemas = progress.generation.schemas();
        Self {
            readers: memory.readers.clone(),
            answers: Arc::new(AnswerCaches::of(&memory)),
            is_announced: Arc::default(),
            rows: Loader::new("read how far rows are", KEYS_MAX, move |readers, _| {
                answer_caches::fetch_rows(readers, schemas.clone()).boxed()
            }),
            memory,
            progress,
            kinds: Kind::ALL,
            list_pages: Loader::new("list conversations", list_page::KEYS_MAX, |readers, keys| {
                list_page::fetch(readers, keys).boxed()
            }),
            list_ends: PageEnds::default(),
            chat_ends: PageEnds::default(),
            message_ends: PageEnds::default(),
            support_ends: PageEnds::default(),
            states: Loader::new("read members' states", KEYS_MAX, |readers, keys| {
                member_state::fetch(readers, keys).boxed()
            }),
            unread_counts: Loader::new("read unread counts", KEYS_MAX, |readers, users| {
                badge::fetch(readers, users).boxed()
            }),
        }
    }

    /// A copy for one answer, limited to its account's share of concurrent queries and to the kinds
    /// of conversations that its surface serves. Every request from outside gets its own.
    pub fn for_answer(&self, account: AccountId, surface: Surface) -> Self {
        self.of_kinds(served_kinds(surface)).of_account(account)
    }

    pub(crate) fn of_account(self, account: AccountId) -> Self {
        Self { readers: self.readers.of_account(account), is_announced: Arc::default(), ..self }
    }

    /// A copy that sees no conversations of other kinds, nor what is in them.
    fn of_kinds(&self, kinds: &'static [Kind]) -> Self {
        Self { kinds, ..self.clone() }
    }

    /// The kinds of conversations that these views serve.
    pub fn kinds(&self) -> &'static [Kind] {
        self.kinds
    }

    /// How much was read for the answer, if these views are for one.
    pub fn answer_size(&self) -> Option<&AnswerSize> {
        self.readers.answer()
    }

    async fn ask<T, F>(&self, doing: &'static str, statement: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        self.readers.ask(doing, statement).await
    }

    /// The progress of the read models.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }
}
