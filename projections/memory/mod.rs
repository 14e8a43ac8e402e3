//! What a node remembers: what everyone sees of a conversation, who is in it, and what the
//! directory says of a user, each by id, and which conversation has which number. It is a bounded
//! cache: a node without it gives the same answers.
//!
//! The node's own follower of the log evicts what an event touches before it announces the event's
//! position, so an answer is never older than the position it claims. A member's read marker is
//! updated in place: evicting a room of thousands for it would be wasteful.

mod answers;
mod conversation;
mod loader;
mod members;
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
pub(crate) use recent::{Changed, RecentChanges};
pub(crate) use remembered::Remembered;
pub(crate) use user::COLUMNS as USER_COLUMNS;
pub use user::User;

/// Bytes for each of the four kinds of things.
const BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Numbers of conversations, and of users; they never change.
const NUMBERS_MAX: usize = 100_000;

/// What this node remembers.
#[derive(Debug, Clone)]
pub struct Memory {
    pub(crate) readers: Readers,
    /// How old what is read may be at most.
    pub(crate) progress: Progress,
    pub(crate) users: Remembered<UserId, User>,
    pub(crate) conversations: Remembered<ConversationId, Conversation>,
    /// As many members as lists show.
    pub(crate) members: Remembered<ConversationId, Members>,
    /// All members of conversations that have more.
    pub(crate) all_members: Remembered<ConversationId, Members>,
    /// Rises whenever a user changes.
    directory_generation: Arc<AtomicU64>,
    /// By account and public number.
    pub(crate) numbers: Arc<Cache<(AccountId, PublicId), ConversationId>>,
    /// The same of users.
    pub(crate) user_numbers: Arc<Cache<(AccountId, PublicId), UserId>>,
    /// What the newest events changed: by that, answers are known to be right still.
    pub(crate) recent: RecentChanges,
    /// What each kind of things may take; nothing is remembered with 0.
    pub(crate) bytes_max: u64,
}

impl Memory {
    /// Loads what is missing from this database, on connections used only for reading.
    pub fn start(pool: &PgPool) -> Self {
        Self::of(pool, Generation::live())
    }

    /// The same of these rows.
    pub(crate) fn of(pool: &PgPool, generation: Generation) -> Self {
        Self::bounded(pool, generation, BYTES_MAX, NUMBERS_MAX)
    }

    /// One that remembers nothing.
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

    /// Forgets what these events touch.
    pub(crate) fn follow(&self, events: &[Arc<LogEvent>]) {
        for event in events {
            match &event.event {
                Ok(decoded) => self.follow_one(event.recorded.aggregate_id, decoded, event),
                // What it touched is unknown.
                Err(_) => self.forget_all(),
            }
            self.recent.follow(event);
        }
    }

    /// Whether a change may concern what a user sees of their own conversations: it does unless it
    /// is known that they are not in the one that changed.
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
            Changed::Anything => true,
        }
    }

    fn follow_one(&self, stream: Uuid, decoded: &domain::Event, event: &LogEvent) {
        match decoded {
            domain::Event::Conversation(change) => {
                let conversation = ConversationId::new(stream);
                self.conversations.replace(&conversation, |known| {
                    // Rows may have been read before this node heard of their newest events.
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
                // No list has a user who is new.
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

    /// Forgets everything but the numbers, which never change.
    pub(crate) fn forget_all(&self) {
        self.users.forget_all();
        self.directory_generation.fetch_add(1, Ordering::AcqRel);
        self.conversations.forget_all();
        self.members.forget_all();
        self.all_members.forget_all();
        self.recent.forget_all();
    }
}
