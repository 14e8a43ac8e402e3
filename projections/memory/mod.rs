//! A node's cache: conversations as everyone sees them, their members, and users, each by id, and
//! the ids that belong to public numbers. It is bounded, and a node without it gives the same
//! answers.
//!
//! The node's own follower of the log evicts what an event touches before it announces the event's
//! position, so an answer is never older than the position it claims. A member's read marker is
//! updated in place: evicting a room of thousands for it would be wasteful.

mod answers;
mod conversation;
mod loader;
mod members;
mod posted;
mod recent;
mod remembered;
mod user;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::conversation::Event as ConversationEvent;
use domain::participation::Change;
use domain::user::Event as UserEvent;
use domain::{AccountId, ConversationId, PublicId, UserId};
use event_store::LogEvent;
use futures::FutureExt;
use quick_cache::sync::Cache;
use sqlx::PgPool;
use uuid::Uuid;

use crate::readers::Readers;
use crate::{Generation, Progress};

pub(crate) use answers::Answers;
pub(crate) use conversation::{COLUMNS as CONVERSATION_COLUMNS, JOINS as CONVERSATION_JOINS};
pub use conversation::{Conversation, Message};
pub(crate) use conversation::{map_size, tags_size};
pub(crate) use loader::{KEYS_MAX, Loader};
pub use members::Member;
pub(crate) use members::{Members, SHOWN_MAX, Users};
use posted::PostedMessages;
pub(crate) use recent::{Changed, RecentChanges};
pub(crate) use remembered::Remembered;
pub(crate) use user::COLUMNS as USER_COLUMNS;
pub use user::User;

/// Most bytes of each cache: users, conversations, members, all members.
const BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Most entries of each map from public numbers to ids, which never change.
const NUMBERS_MAX: usize = 100_000;

/// This node's cache of the read models.
#[derive(Debug, Clone)]
pub struct Memory {
    pub(crate) readers: Readers,
    /// The position that everything read here reflects at least.
    pub(crate) progress: Progress,
    pub(crate) users: Remembered<UserId, User>,
    pub(crate) conversations: Remembered<ConversationId, Conversation>,
    /// Members of conversations, no more of each than lists show.
    pub(crate) members: Remembered<ConversationId, Members>,
    /// All members of conversations that have more.
    pub(crate) all_members: Remembered<ConversationId, Members>,
    /// The newest message of support conversations, to answer whoever posts it.
    pub(crate) posted: PostedMessages,
    /// Incremented whenever a user changes.
    directory_generation: Arc<AtomicU64>,
    /// Ids of conversations, by account and public number.
    pub(crate) numbers: Arc<Cache<(AccountId, PublicId), ConversationId>>,
    /// Ids of users, by account and public number.
    pub(crate) user_numbers: Arc<Cache<(AccountId, PublicId), UserId>>,
    /// What the newest events changed, to tell whether cached answers are still right.
    pub(crate) recent: RecentChanges,
    /// Most bytes of each cache; 0 disables caching.
    pub(crate) bytes_max: u64,
}

impl Memory {
    /// Loads what is missing from this database, on connections used only for reading.
    pub fn start(pool: &PgPool) -> Self {
        Self::of(pool, Generation::live())
    }

    /// The same for another copy of the read models.
    pub(crate) fn of(pool: &PgPool, generation: Generation) -> Self {
        Self::bounded(pool, generation, BYTES_MAX, NUMBERS_MAX)
    }

    /// A memory that caches nothing.
    pub fn off(pool: &PgPool) -> Self {
        Self::bounded(pool, Generation::live(), 0, 0)
    }

    fn bounded(pool: &PgPool, generation: Generation, bytes_max: u64, numbers_max: usize) -> Self {
        let progress = Progress::new(pool.clone(), generation);
        let (users, conversations) = ("look up users", "read conversations");
        Self {
            readers: Readers::new(pool.clone(), progress.clone()),
            progress,
            users: Remembered::new(bytes_max, User::size, users, |readers, keys| {
                user::fetch(readers, keys).boxed()
            }),
            conversations: Remembered::new(
                bytes_max,
                Conversation::size,
                conversations,
                |readers, keys| conversation::fetch(readers, keys).boxed(),
            ),
            members: Remembered::new(bytes_max, Members::size, "read members", |readers, keys| {
                members::fetch(readers, keys, Some(SHOWN_MAX)).boxed()
            }),
            all_members: Remembered::new(
                bytes_max,
                Members::size,
                "read members",
                |readers, keys| members::fetch(readers, keys, None).boxed(),
            ),
            posted: PostedMessages::new(bytes_max / 8),
            directory_generation: Arc::new(AtomicU64::new(1)),
            numbers: Arc::new(Cache::new(numbers_max)),
            user_numbers: Arc::new(Cache::new(numbers_max)),
            recent: RecentChanges::default(),
            bytes_max,
        }
    }

    /// The progress of the read models that are cached here.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The current generation of the directory. Lists of members cache the users as of one
    /// generation, so that a room of thousands is not looked up user by user for every viewer.
    pub(crate) fn directory_generation(&self) -> u64 {
        self.directory_generation.load(Ordering::Acquire)
    }

    /// Evicts or updates what these events touch.
    pub(crate) fn follow(&self, events: &[Arc<LogEvent>]) {
        for event in events {
            match &event.event {
                Ok(decoded) => self.follow_one(event.recorded.aggregate_id, decoded, event),
                // It may have touched anything.
                Err(_) => self.forget_all(),
            }
            self.posted.follow(event);
            self.recent.follow(event);
        }
    }

    /// Whether a change may affect what a user sees of their own conversations. It may, unless the
    /// user is known not to be in the conversation that changed.
    pub(crate) fn concerns_member(&self, user: UserId, changed: &Changed) -> bool {
        let is_in = |conversation| {
            let members = self.members.known(conversation);
            members.and_then(|members| members.has(user)).unwrap_or(true)
        };
        match changed {
            Changed::Conversation(conversation) => is_in(conversation),
            Changed::Members(conversation, moved) => moved.contains(&user) || is_in(conversation),
            Changed::Own(_, member) => *member == user,
            Changed::Inbox | Changed::Directory | Changed::Nothing => false,
            Changed::SomeConversations | Changed::Anything => true,
        }
    }

    fn follow_one(&self, stream: Uuid, decoded: &domain::Event, event: &LogEvent) {
        match decoded {
            domain::Event::Conversation(change) => {
                let conversation = ConversationId::new(stream);
                self.conversations.replace(&conversation, |known| {
                    // The row may have been loaded with this event, before this node followed the
                    // log to it.
                    if known.revision >= event.recorded.account_position {
                        return Some(known.clone());
                    }
                    known.with_message(&event.recorded, change).map(Arc::new)
                });
                if let ConversationEvent::ConversationCreated { .. }
                | ConversationEvent::MemberAdded { .. }
                | ConversationEvent::MemberRemoved { .. }
                | ConversationEvent::ConversationDeleted = change
                {
                    self.members.forget(&conversation);
                    self.all_members.forget(&conversation);
                }
            }
            domain::Event::Participation(own) => {
                let marker = match own.change {
                    Change::MarkedRead { message: Some(PublicId::NONE), .. }
                    | Change::MarkedUnread { .. } => None,
                    Change::MarkedRead { message: Some(message), .. } => {
                        Some((message, event.recorded.recorded_at))
                    }
                    _ => return,
                };
                let membership = own.membership;
                let mark = |members: &Members| members.mark(membership.user, membership.id, marker);
                self.members.change(&membership.conversation, mark);
                self.all_members.change(&membership.conversation, mark);
            }
            // Nothing cached depends on it.
            domain::Event::User(UserEvent::TokensRevoked { .. }) => {}
            domain::Event::User(user) => {
                self.users.forget(&stream.into());
                // A new user is in no cached list.
                if let UserEvent::UserUpdated { .. } = user {
                    self.directory_generation.fetch_add(1, Ordering::AcqRel);
                }
            }
            domain::Event::Contact(_)
            | domain::Event::ContactClaim(_)
            | domain::Event::ContactLink(_)
            | domain::Event::Inbox(_)
            | domain::Event::Team(_)
            | domain::Event::Audit(_) => {}
        }
    }

    /// Evicts everything but the numbers, which never change.
    pub(crate) fn forget_all(&self) {
        self.users.forget_all();
        self.directory_generation.fetch_add(1, Ordering::AcqRel);
        self.conversations.forget_all();
        self.members.forget_all();
        self.all_members.forget_all();
        self.posted.forget_all();
        self.recent.forget_all();
    }
}
