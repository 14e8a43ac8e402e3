use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::conversation::Event as ConversationEvent;
use domain::user::Event as UserEvent;
use domain::{AccountId, AccountPosition, ConversationId, Event, UserId};
use event_store::LogEvent;
use quick_cache::sync::Cache;

/// Most accounts whose changes are kept; nothing is known of the others.
const ACCOUNTS_MAX: usize = 1_000;
/// Most changes kept for each account.
const CHANGES_MAX: usize = 128;
/// Most members that are kept with a new conversation.
const MEMBERS_MAX: usize = 100;

/// What an event changed, as far as cached answers depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// What everyone in a conversation sees of it.
    Conversation(ConversationId),
    /// The same, and its members: these users joined or left.
    Members(ConversationId, Arc<[UserId]>),
    /// A member's own state in a conversation.
    Own(ConversationId, UserId),
    /// An inbox, or its members.
    Inbox,
    /// A user, a contact or a team, and everything in which they are shown.
    Directory,
    /// Conversations, or members' own state in them; which ones is no longer known.
    SomeConversations,
    /// It is unknown what changed.
    Anything,
    /// Nothing that cached answers depend on.
    Nothing,
}

/// What the newest events of each account changed, to tell whether a cached answer is still right.
#[derive(Debug, Clone)]
pub(crate) struct RecentChanges {
    accounts: Arc<Cache<AccountId, Arc<Mutex<OfAccount>>>>,
    /// Incremented when rows change other than by events.
    epoch: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct OfAccount {
    /// The position before the first of `changes`, which has one entry for every position after it.
    after: AccountPosition,
    changes: VecDeque<Changed>,
    /// No change after this position was missed.
    since: AccountPosition,
    /// The newest dropped change of each kind, so that answers that only rare changes concern stay
    /// right however much else happens.
    dropped: Vec<(AccountPosition, Changed)>,
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
    /// The mark of what is read from now on, which reflects this position.
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

    /// Whether an answer that was right `then` is right `now`: no change in between concerns it.
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
            *self = Self { after: before, since: before, ..Self::default() };
        }
        self.changes.push_back(changed);
        if self.changes.len() > CHANGES_MAX {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        self.after = AccountPosition::new(self.after.get() + 1);
        let kind = match self.changes.pop_front() {
            None | Some(Changed::Nothing) => return,
            Some(Changed::Conversation(_) | Changed::Members(..) | Changed::Own(..)) => {
                Changed::SomeConversations
            }
            Some(rare) => rare,
        };
        match self.dropped.iter_mut().find(|(_, known)| *known == kind) {
            Some((newest, _)) => *newest = self.after,
            None => self.dropped.push((self.after, kind)),
        }
    }

    fn is_right(
        &self,
        then: AccountPosition,
        now: AccountPosition,
        concerns: impl FnMut(&Changed) -> bool,
    ) -> bool {
        if then < self.since || self.end() < now {
            return false;
        }
        let dropped = self.dropped.iter().filter(|(newest, _)| *newest > then);
        let known = (then.get() - self.after.get()).max(0) as usize;
        let kept = self.changes.iter().skip(known);
        !dropped.map(|(_, kind)| kind).chain(kept).any(concerns)
    }
}

fn lock(account: &Mutex<OfAccount>) -> std::sync::MutexGuard<'_, OfAccount> {
    // No change stops halfway, so a poisoned lock still guards valid data.
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
            // The conversation's members are no longer known.
            ConversationEvent::ConversationDeleted => Changed::Anything,
            // A contact's activity shows wherever the contact does.
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
