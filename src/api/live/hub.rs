//! Which streams are open, and which of them receive an event.
//!
//! Log positions keep three things in step: what the hub has delivered, the position as of which a
//! user's memberships were read, and where each stream begins. Changes up to that position are
//! already in what was read; later changes that arrive during the read wait until it has ended.

mod audience;
mod subscription;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use domain::conversation::Event as Change;
use domain::inbox::Event as InboxEvent;
use domain::user::Event as UserEvent;
use domain::{
    AccountId, AccountPosition, ConversationId, Erasure, Event, InboxId, MessageId, Position,
    UserId,
};
use event_store::{Facts, LogEvent};
use projections::views::Followed;
use quick_cache::sync::Cache;

use super::queue::{Item, LiveEvent, Sender, Total};
use super::typing::Typing;
use super::{Scope, rendered, scope};

use audience::Audiences;
pub(crate) use subscription::Subscription;

/// Memberships of all users with streams, some 200 bytes each.
const MEMBERSHIPS_MAX: usize = 1_000_000;
/// Recent erasures that are remembered, for items that still wait in a queue.
const ERASURES_MAX: usize = 10_000;

type StreamId = u64;

pub(crate) struct Hub {
    state: Mutex<State>,
    erased: Cache<Erased, ()>,
    waiting: Total,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Erased {
    Conversation(ConversationId),
    Message(MessageId),
}

struct State {
    /// The position delivered last.
    position: Position,
    streams: HashMap<StreamId, Stream>,
    newest_stream: StreamId,
    accounts: HashMap<AccountId, OfAccount>,
    /// Users with streams, by conversation.
    members: Audiences<ConversationId>,
    /// Agents with streams, by inbox.
    agents: Audiences<InboxId>,
}

struct Stream {
    account: AccountId,
    user: Option<UserId>,
    scope: Scope,
    issued_at: Option<f64>,
    sender: Sender,
}

/// An account with open streams, or about to have one.
#[derive(Default)]
struct OfAccount {
    subscriptions: usize,
    /// The newest event since the first of these subscriptions.
    newest: Option<AccountPosition>,
    /// Streams that see more than the conversations their user is in.
    wide: BTreeSet<StreamId>,
}

impl Hub {
    pub(super) fn new(position: Position) -> Self {
        let state = State {
            position,
            streams: HashMap::new(),
            newest_stream: 0,
            accounts: HashMap::new(),
            members: Audiences::default(),
            agents: Audiences::default(),
        };
        let (erased, waiting) = (Cache::new(ERASURES_MAX), Total::default());
        Self { state: Mutex::new(state), erased, waiting }
    }

    pub(super) fn position(&self) -> Position {
        self.lock().position
    }

    /// The accounts with subscriptions.
    pub(super) fn accounts(&self) -> HashSet<AccountId> {
        self.lock().accounts.keys().copied().collect()
    }

    pub(super) fn knows(&self, user: UserId) -> bool {
        self.lock().members.knows(user)
    }

    pub(super) fn knows_agent(&self, user: UserId) -> bool {
        self.lock().agents.knows(user)
    }

    /// Stores a user's conversations. Returns whether there was room.
    pub(super) fn know(&self, user: UserId, followed: Followed<ConversationId>) -> bool {
        let mut state = self.lock();
        let size = followed.is_in.len();
        let has_room = state.members.memberships() + size <= MEMBERSHIPS_MAX;
        if has_room {
            state.members.know(user, followed);
        }
        has_room
    }

    /// Stores an agent's inboxes. Returns whether there was room.
    pub(super) fn know_agent(&self, user: UserId, followed: Followed<InboxId>) -> bool {
        let mut state = self.lock();
        let size = followed.is_in.len();
        let has_room = state.agents.memberships() + size <= MEMBERSHIPS_MAX;
        if has_room {
            state.agents.know(user, followed);
        }
        has_room
    }

    /// The conversations and inboxes that a subscriber follows.
    pub(super) fn followed(&self, of: &Subscription) -> (Vec<ConversationId>, Vec<InboxId>) {
        let state = self.lock();
        let Some(user) = of.user else { return (vec![], vec![]) };
        let inboxes = match of.scope {
            Scope::Inboxes => state.agents.of(user),
            Scope::Own | Scope::Support | Scope::Host => vec![],
        };
        (state.members.of(user), inboxes)
    }

    /// Delivers events in log order, with the facts that were looked up for them.
    pub(super) fn deliver(&self, batch: &[Arc<LogEvent>], facts: &Facts) {
        let mut state = self.lock();
        let told = state.position;
        for event in batch.iter().filter(|event| event.recorded.position > told) {
            self.remember_erasure(event);
            state.deliver(event, facts);
        }
        metrics::gauge!("colloquy_event_streams").set(state.streams.len() as f64);
    }

    /// Tells the other members that a user is typing.
    pub(super) fn tell_members(&self, typing: &Typing, item: &Item) {
        let mut state = self.lock();
        let ids: Vec<StreamId> = {
            let listening = state.members.streams_in(typing.conversation);
            let others = listening.filter(|(user, _)| *user != typing.user);
            let of_account =
                |id: &StreamId| state.streams.get(id).is_some_and(|s| s.account == typing.account);
            others.map(|(_, id)| id).filter(of_account).collect()
        };
        state.push(ids, item);
    }

    /// The bytes of an item as it may be sent now: without the user-written text if that was erased
    /// while the item waited.
    pub(crate) fn as_of_now(&self, item: &Item) -> bytes::Bytes {
        let is_erased = |told: &&LiveEvent| {
            let of = |erased| self.erased.get(&erased).is_some();
            told.subject.is_some_and(|message| of(Erased::Message(message)))
                || told.conversation.is_some_and(|id| of(Erased::Conversation(id)))
        };
        let erased = item.event.as_ref().filter(is_erased);
        erased.map_or_else(|| item.bytes.clone(), rendered::erased)
    }

    fn remember_erasure(&self, event: &LogEvent) {
        let erasure = event.event.as_ref().ok().and_then(Event::erases);
        match (erasure, event.recorded.conversation_id) {
            (Some(Erasure::Message(message)), _) => {
                self.erased.insert(Erased::Message(message), ())
            }
            (Some(Erasure::Stream), Some(conversation)) => {
                self.erased.insert(Erased::Conversation(conversation), ());
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock does not matter: a panic under it is one of the log follower, which ends
        // the process.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&mut self, event: &Arc<LogEvent>, facts: &Facts) {
        let recorded = &event.recorded;
        self.position = recorded.position;
        let Some(of_account) = self.accounts.get_mut(&recorded.account) else { return };
        of_account.newest = Some(recorded.account_position);
        let Ok(decoded) = &event.event else { return };
        let position = recorded.position;
        // Joining is applied before delivery and leaving after it, so that both reach the user
        // concerned. A revocation ends its user's streams before they receive it.
        match (decoded, recorded.conversation_id) {
            (Event::Conversation(Change::ConversationCreated { members, .. }), Some(id)) => {
                members.iter().for_each(|user| self.members.add(*user, id, position));
            }
            (Event::Conversation(Change::MemberAdded { user }), Some(id)) => {
                self.members.add(*user, id, position);
            }
            (Event::Inbox(InboxEvent::InboxMembersSet { members }), _) => {
                self.agents.replace_all(recorded.aggregate_id.into(), members, position);
            }
            (Event::User(UserEvent::TokensRevoked { issued_until }), _) => {
                self.end_revoked(recorded.aggregate_id.into(), *issued_until);
            }
            _ => {}
        }
        let ids = self.concerned(event, decoded, facts);
        if !ids.is_empty() {
            self.push(ids, &rendered::event(event, facts));
        }
        match (decoded, recorded.conversation_id) {
            (Event::Conversation(Change::MemberRemoved { user }), Some(id)) => {
                self.members.remove(*user, id, position);
            }
            (Event::Conversation(Change::ConversationDeleted), Some(id)) => {
                self.members.remove_all(id, position);
            }
            _ => {}
        }
    }

    /// Ends the streams of a user that were opened with revoked tokens.
    fn end_revoked(&mut self, user: UserId, issued_until: DateTime<Utc>) {
        self.streams.retain(|_, stream| {
            stream.user != Some(user) || !projections::is_revoked(issued_until, stream.issued_at)
        });
    }

    /// The streams that may see an event.
    fn concerned(&self, event: &LogEvent, decoded: &Event, facts: &Facts) -> BTreeSet<StreamId> {
        let account = event.recorded.account;
        match decoded {
            Event::Participation(own) if !scope::is_shown_to_others(own) => {
                self.members.streams_of(own.membership.user).collect()
            }
            Event::Conversation(_) | Event::Participation(_) => {
                let of = event.recorded.conversation_id;
                let Some((id, kind)) = of.and_then(|id| Some((id, facts.kind(id)?))) else {
                    return BTreeSet::new();
                };
                let sees = |id: &StreamId, see: &dyn Fn(Scope) -> bool| {
                    self.streams.get(id).is_some_and(|s| s.account == account && see(s.scope))
                };
                let members = self.members.streams_in(id).map(|(_, stream)| stream);
                let members = members.filter(|id| sees(id, &|scope| scope.has_as_member(kind)));
                let wide = self.accounts.get(&account).map(|account| &account.wide);
                let wide = wide.into_iter().flatten().copied();
                let wide = wide.filter(|id| sees(id, &|scope| scope.kinds().contains(&kind)));
                let inbox = facts.inbox(id).into_iter();
                let agents = inbox.flat_map(|inbox| self.agents.streams_in(inbox));
                members.chain(wide).chain(agents.map(|(_, stream)| stream)).collect()
            }
            Event::User(_) => {
                let own = self.members.streams_of(event.recorded.aggregate_id.into());
                let wide = self.accounts.get(&account).map(|account| &account.wide);
                let is_host = |id: &StreamId| {
                    self.streams.get(id).is_some_and(|stream| stream.scope == Scope::Host)
                };
                own.chain(wide.into_iter().flatten().copied().filter(is_host)).collect()
            }
            Event::Contact(_)
            | Event::ContactClaim(_)
            | Event::ContactLink(_)
            | Event::Inbox(_)
            | Event::Team(_)
            | Event::Audit(_) => BTreeSet::new(),
        }
    }

    /// Pushes an item, and ends streams whose queue is full: their clients do not read.
    fn push(&mut self, ids: impl IntoIterator<Item = StreamId>, item: &Item) {
        for id in ids {
            if self.streams.get(&id).is_some_and(|stream| !stream.sender.push(item)) {
                self.streams.remove(&id);
                metrics::counter!("colloquy_event_streams_overrun_total").increment(1);
            }
        }
    }
}
