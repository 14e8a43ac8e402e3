use std::sync::Arc;

use domain::{AccountId, AccountPosition, Position, UserId};

use super::{Hub, Stream, StreamId};
use crate::edge::caller::Caller;
use crate::live::Scope;
use crate::live::queue::{self, Item, Receiver};

/// A subscription of a client, which ends when dropped.
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    pub(crate) account: AccountId,
    pub(crate) user: Option<UserId>,
    pub(in crate::live) scope: Scope,
    issued_at: Option<f64>,
    open: Option<(StreamId, Receiver, Position)>,
}

impl Subscription {
    /// Starts following the caller's memberships; nothing is delivered yet.
    pub(in crate::live) fn join(hub: &Arc<Hub>, caller: &Caller) -> Self {
        let scope: Scope = caller.role.into();
        let mut state = hub.lock();
        state.accounts.entry(caller.account).or_default().subscriptions += 1;
        if let Some(user) = caller.user() {
            state.members.join(user);
            if scope == Scope::Inboxes {
                state.agents.join(user);
            }
        }
        Self {
            hub: hub.clone(),
            account: caller.account,
            user: caller.user(),
            scope,
            issued_at: caller.issued_at,
            open: None,
        }
    }

    /// Starts delivery.
    pub(in crate::live) fn open(&mut self) {
        let (sender, receiver) = queue::queue(&self.hub.waiting);
        let mut state = self.hub.lock();
        state.newest_stream += 1;
        let id = state.newest_stream;
        let (account, user, scope) = (self.account, self.user, self.scope);
        let stream = Stream { account, user, scope, issued_at: self.issued_at, sender };
        state.streams.insert(id, stream);
        if !scope.kinds().is_empty() {
            state.accounts.entry(account).or_default().wide.insert(id);
        }
        let mut from = state.position;
        if let Some(user) = user {
            from = from.max(state.members.open(user, id));
            if scope == Scope::Inboxes {
                from = from.max(state.agents.open(user, id));
            }
        }
        drop(state);
        self.open = Some((id, receiver, from));
    }

    /// Every visible event after this position of the log is delivered.
    pub(crate) fn from(&self) -> Position {
        self.open.as_ref().map_or(Position::START, |(_, _, from)| *from)
    }

    /// The next item; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Item> {
        match &mut self.open {
            Some((_, receiver, _)) => receiver.next().await,
            None => None,
        }
    }

    /// The account's newest position if the queue is empty, that is, everything up to it was taken.
    pub(crate) fn idle_at(&self) -> Option<AccountPosition> {
        let state = self.hub.lock();
        let is_idle = self.open.as_ref().is_some_and(|(_, receiver, _)| receiver.is_empty());
        state.accounts.get(&self.account).and_then(|account| account.newest).filter(|_| is_idle)
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let id = self.open.take().map(|(id, ..)| id);
        let mut state = self.hub.lock();
        if let Some(id) = id {
            state.streams.remove(&id);
        }
        if let Some(of_account) = state.accounts.get_mut(&self.account) {
            of_account.subscriptions -= 1;
            if let Some(id) = id {
                of_account.wide.remove(&id);
            }
            if of_account.subscriptions == 0 {
                state.accounts.remove(&self.account);
            }
        }
        if let Some(user) = self.user {
            state.members.leave(user, id);
            if self.scope == Scope::Inboxes {
                state.agents.leave(user, id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{ConversationId, PublicId};
    use projections::views::Followed;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::live::Typing;
    use crate::live::rendered::ephemeral;

    const ROOM: ConversationId = ConversationId::new(Uuid::from_u128(7));

    fn listen(hub: &Arc<Hub>, uid: &str) -> Subscription {
        let caller = Caller::member(AccountId::FIRST, uid, None, None);
        let mut subscription = Subscription::join(hub, &caller);
        let followed = Followed { position: Position::new(1), is_in: vec![ROOM] };
        assert!(hub.know(caller.user().unwrap(), followed));
        subscription.open();
        subscription
    }

    fn typing(account: AccountId, uid: &str) -> Typing {
        let typing = json!({
            "type": "Typing",
            "account": account,
            "conversation": ROOM,
            "conversation_number": PublicId::new(3),
            "time": "2026-01-01T09:00:00Z",
            "actor": uid,
            "user": domain::user_id(account, uid),
        });
        serde_json::from_value(typing).unwrap()
    }

    #[tokio::test]
    async fn who_does_not_read_is_given_up_and_others_are_told() {
        let hub = Arc::new(Hub::new(Position::START));
        let [mut reads, mut does_not] = ["ann", "bob"].map(|uid| listen(&hub, uid));
        let typing = typing(AccountId::FIRST, "cyd");
        for _ in 0..1000 {
            hub.tell_members(&typing, &ephemeral(&typing));
            assert!(reads.next().await.is_some());
        }
        let mut kept = 0;
        while does_not.next().await.is_some() {
            kept += 1;
        }
        assert!((1..1000).contains(&kept), "{kept}");
    }

    #[tokio::test]
    async fn who_types_is_told_to_others_of_the_account_alone() {
        let hub = Arc::new(Hub::new(Position::START));
        let [mut anns, mut bobs] = ["ann", "bob"].map(|uid| listen(&hub, uid));
        let foreign = typing(AccountId::new(2), "cyd");
        hub.tell_members(&foreign, &ephemeral(&foreign));
        let by_ann = typing(AccountId::FIRST, "ann");
        hub.tell_members(&by_ann, &ephemeral(&by_ann));
        assert_eq!(bobs.next().await.unwrap().bytes, ephemeral(&by_ann).bytes);
        drop(bobs);
        let by_bob = typing(AccountId::FIRST, "bob");
        hub.tell_members(&by_bob, &ephemeral(&by_bob));
        assert_eq!(anns.next().await.unwrap().bytes, ephemeral(&by_bob).bytes);
    }
}
