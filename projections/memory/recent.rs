use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::conversation::Event as ConversationEvent;
use domain::user::Event as UserEvent;
use domain::{AccountId, AccountPosition, ConversationId, Event, UserId};
use event_store::LogEvent;
use quick_cache::sync::Cache;

/// Accounts whose changes are kept; of the others nothing is known.
const ACCOUNTS_MAX: usize = 1_000;
/// Changes of each account.
const CHANGES_MAX: usize = 128;
/// Members whom a new conversation is kept with.
const MEMBERS_MAX: usize = 100;

/// What an event changed of that which answers are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// What everyone in a conversation sees of it.
    Conversation(ConversationId),
    /// The same, and who is in it: these came in or left.
    Members(ConversationId, Arc<[UserId]>),
    /// A member's own state in a conversation.
    Own(ConversationId, UserId),
    /// An inbox, and who is in it.
    Inbox,
    /// A user, a contact or a team, and all that they are shown in.
    Directory,
    /// It cannot be told what.
    Anything,
    /// Nothing that answers are made of.
    Nothing,
}

/// What the newest events of each account changed, so that an answer that was given before can be
/// known to be right still.
#[derive(Debug, Clone)]
pub(crate) struct RecentChanges {
    accounts: Arc<Cache<AccountId, Arc<Mutex<OfAccount>>>>,
    /// Rises when rows change otherwise than by events.
    epoch: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct OfAccount {
    /// Before the first of the changes, which are of all positions after it.
    after: AccountPosition,
    changes: VecDeque<Changed>,
}

/// When an answer was read: it reflects all events of its account up to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AsOf {
    epoch: u64,
    position: AccountPosition,
}

impl Default for RecentChanges {
    fn default() -> Self {
        Self { accounts: Arc::new(Cache::new(ACCOUNTS_MAX)), epoch: Arc::default() }
    }
}

impl RecentChanges {
    /// What is read from now on reflects this position.
    pub(crate) fn as_of(&self, position: AccountPosition) -> AsOf {
        AsOf { position, epoch: self.epoch.load(Ordering::Acquire) }
    }

    pub(super) fn follow(&self, event: &LogEvent) {
        let recorded = &event.recorded;
        self.push(recorded.account, recorded.account_position, changed(event));
    }

    pub(super) fn push(&self, account: AccountId, position: AccountPosition, changed: Changed) {
        let Ok(account) =
            self.accounts.get_or_insert_with(&account, || Ok::<_, Infallible>(Arc::default()));
        lock(&account).push(position, changed);
    }

    pub(super) fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether an answer is right `now` that was right then: nothing has happened since that
    /// concerns it.
    pub(crate) fn is_right(
        &self,
        account: AccountId,
        then: AsOf,
        now: AsOf,
        concerns: impl FnMut(&Changed) -> bool,
    ) -> bool {
        if then.epoch != now.epoch {
            return false;
        }
        if then.position >= now.position {
            return true;
        }
        let since = self.accounts.get(&account);
        since.is_some_and(|account| lock(&account).is_right(then.position, now.position, concerns))
    }
}

impl OfAccount {
    fn end(&self) -> AccountPosition {
        AccountPosition::new(self.after.get() + self.changes.len() as i64)
    }

    fn push(&mut self, position: AccountPosition, changed: Changed) {
        let before = AccountPosition::new(position.get() - 1);
        if before != self.end() {
            *self = Self { after: before, changes: VecDeque::new() };
        }
        self.changes.push_back(changed);
        if self.changes.len() > CHANGES_MAX {
            self.changes.pop_front();
            self.after = AccountPosition::new(self.after.get() + 1);
        }
    }

    fn is_right(
        &self,
        then: AccountPosition,
        now: AccountPosition,
        concerns: impl FnMut(&Changed) -> bool,
    ) -> bool {
        if then < self.after || self.end() < now {
            return false;
        }
        let known = (then.get() - self.after.get()) as usize;
        !self.changes.iter().skip(known).any(concerns)
    }
}

fn lock(account: &Mutex<OfAccount>) -> std::sync::MutexGuard<'_, OfAccount> {
    // Each change is made whole.
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

fn changed(event: &LogEvent) -> Changed {
    let conversation = ConversationId::new(event.recorded.aggregate_id);
    match &event.event {
        Err(_) => Changed::Anything,
        Ok(Event::Conversation(change)) => match change {
            ConversationEvent::ConversationCreated { members, .. } => {
                match members.len() <= MEMBERS_MAX {
                    true => Changed::Members(conversation, members.as_slice().into()),
                    false => Changed::Anything,
                }
            }
            ConversationEvent::MemberAdded { user } | ConversationEvent::MemberRemoved { user } => {
                Changed::Members(conversation, [*user].into())
            }
            // Who was in it is forgotten with it.
            ConversationEvent::ConversationDeleted => Changed::Anything,
            // A contact who writes is seen to be active in all that they are in.
            ConversationEvent::MessagePosted { support: Some(remark), .. }
                if remark.contact.is_some() =>
            {
                Changed::Directory
            }
            _ => Changed::Conversation(conversation),
        },
        Ok(Event::Participation(own)) => {
            Changed::Own(own.membership.conversation, own.membership.user)
        }
        Ok(Event::Inbox(_)) => Changed::Inbox,
        Ok(Event::User(UserEvent::TokensRevoked { .. }) | Event::Audit(_)) => Changed::Nothing,
        Ok(
            Event::User(_)
            | Event::Contact(_)
            | Event::ContactClaim(_)
            | Event::ContactLink(_)
            | Event::Team(_),
        ) => Changed::Directory,
    }
}
