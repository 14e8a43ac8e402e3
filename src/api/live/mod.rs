//! What clients are told as it happens: events, to every open stream that may see them; typing; and
//! presence.
//!
//! One follower of the log serves all streams ([`hub`]). It tracks the conversations of users with
//! streams from the log itself, so delivering an event takes no SQL statement, and a removed member
//! receives their removal and nothing after it. Nothing is kept for a client that reads too slowly:
//! its stream ends, and it reconnects with the position that it has.
//!
//! Typing and presence are not in the log. Other nodes learn of them by [`Signal`]s, which the
//! binary hands to a transport, and which may be lost.
//!
//! Deliberately not here: HTTP (see `events/`) and NATS.

mod catch_up;
mod hub;
mod presence;
mod queue;
mod rendered;
mod scope;
mod typing;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::{AccountId, Position, UserId};
use event_store::{Budget, Facts, Log, causes};
use projections::{Share, Shares, Views};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::edge::caller::Caller;
use crate::edge::failure::Failure;
use crate::edge::rejection::NotCaughtUp;

use hub::Hub;
use scope::Scope;
use typing::Typists;

pub(crate) use hub::Subscription;
pub(crate) use presence::{Presence, Present};
pub(crate) use queue::Item;
pub(crate) use rendered::{keep_alive, position};
pub(crate) use typing::Typing;

/// A message to other nodes: a subject, and a body.
pub type Signal = (String, Vec<u8>);

/// Signals that wait to be sent; beyond this they are dropped.
const SIGNALS_MAX: usize = 1024;
/// Users per event whose uid is included.
const USERS_MAX: usize = 100;
/// Conversations that one user's streams may follow, and likewise inboxes.
const CONVERSATIONS_MAX: usize = 100_000;
/// How long a new stream waits for the read models.
const CATCH_UP_WAIT: Duration = Duration::from_secs(2);
/// Pause after a failure.
const PAUSE: Duration = Duration::from_millis(250);

/// Limits on the streams that are open on this node.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// All streams of the node; one account has at most half.
    pub streams_max: usize,
    /// Streams of one user.
    pub user_streams_max: usize,
}

/// Tells clients and other nodes what happens.
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    hub: Arc<Hub>,
    facts: Mutex<Facts>,
    presence: Presence,
    typists: Typists,
    of_users: Shares<UserId>,
    of_accounts: Shares<AccountId>,
    /// Concurrent catch-up reads of the log.
    log_reads: Shares<AccountId>,
    outgoing: mpsc::Sender<Signal>,
    /// Cancelled to end all streams.
    stop: CancellationToken,
}

/// The slot of a stream, released when dropped.
pub(crate) struct Place {
    _of_user: Option<Share<UserId>>,
    _of_account: Share<AccountId>,
}

impl Live {
    /// Tells what comes after a position of the log. The receiver yields the signals for other
    /// nodes; it may be dropped where there are none. All streams end with `stop`.
    pub fn new(
        limits: Limits,
        position: Position,
        stop: CancellationToken,
    ) -> (Self, mpsc::Receiver<Signal>) {
        let (outgoing, signals) = mpsc::channel(SIGNALS_MAX);
        let shared = Shared {
            hub: Arc::new(Hub::new(position)),
            facts: Mutex::default(),
            presence: Presence::default(),
            typists: Typists::default(),
            of_users: Shares::new(limits.user_streams_max),
            of_accounts: Shares::halves(limits.streams_max),
            log_reads: Shares::halves(catch_up::LOG_READS_MAX),
            outgoing,
            stop,
        };
        (Self(Arc::new(shared)), signals)
    }

    /// Follows the log and delivers its events until `stop` is cancelled.
    pub async fn follow(self, log: Log, stop: CancellationToken) {
        let telling = async {
            loop {
                let Err(error) = self.tell_on(&log).await;
                if !log.availability().explains(&error) {
                    tracing::error!(error = causes(&error), "live events are interrupted");
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let both = futures::future::join(telling, self.tell_who_is_there());
        stop.run_until_cancelled(both).await;
    }

    async fn tell_on(&self, log: &Log) -> Result<Infallible, event_store::Error> {
        let hub = &self.0.hub;
        loop {
            let position = hub.position();
            log.changed_after(position).await;
            let batch = log.tail().read(position, Budget::default()).await?;
            if batch.is_empty() {
                // Woken by a new head whose events cannot be read yet.
                tokio::task::yield_now().await;
                continue;
            }
            let mut facts = self.0.facts.lock().await;
            // Accounts are taken before facts are looked up. A subscriber that joins later gets
            // what is already known, without another lookup.
            let listened_to = hub.accounts();
            let concern =
                batch.iter().filter(|event| listened_to.contains(&event.recorded.account));
            facts.learn(log.pool(), concern, USERS_MAX).await?;
            hub.deliver(&batch, &facts);
        }
    }

    /// Handles a signal of another node.
    pub fn hear(&self, subject: &str, body: &[u8]) {
        match subject.split_once('.') {
            Some((typing::SUBJECT, of)) => self.hear_typing(of, body),
            None if subject == presence::SUBJECT => self.0.presence.hear(body),
            _ => {}
        }
    }

    fn signal(&self, subject: String, body: Vec<u8>) {
        // The queue is full or closed. Dropping is fine: the signal would be stale once it arrived.
        let _ = self.0.outgoing.try_send((subject, body));
    }

    /// A slot for one more stream of the caller's; `None` if there is none left.
    pub(crate) fn admit(&self, caller: &Caller) -> Option<Place> {
        let of_user = match caller.user() {
            Some(user) => Some(self.0.of_users.try_take(user)?),
            None => None,
        };
        let of_account = self.0.of_accounts.try_take(caller.account)?;
        Some(Place { _of_user: of_user, _of_account: of_account })
    }

    /// Subscribes the caller, once their memberships are known.
    pub(crate) async fn subscribe(
        &self,
        views: &Views,
        caller: &Caller,
    ) -> Result<Subscription, Failure> {
        let mut subscription = Subscription::join(&self.0.hub, caller);
        if let Some(user) = caller.user() {
            let hub = &self.0.hub;
            // Membership changes that the hub delivered before the caller joined were not recorded
            // for them: only the read models can supply those, so they must have reached the hub's
            // position.
            if !views.progress().wait_for(hub.position(), CATCH_UP_WAIT).await {
                return Err(NotCaughtUp::WithCaller.into());
            }
            let mut has_room = true;
            if !hub.knows(user) {
                let followed = views.followed_conversations(user, CONVERSATIONS_MAX).await?;
                has_room &= followed.is_some_and(|followed| hub.know(user, followed));
            }
            if subscription.scope == Scope::Inboxes && !hub.knows_agent(user) {
                let followed = views.followed_inboxes(user, CONVERSATIONS_MAX).await?;
                has_room &= followed.is_some_and(|followed| hub.know_agent(user, followed));
            }
            if !has_room {
                return Err(Failure::unavailable(
                    "too many conversations are followed here; try again later",
                ));
            }
        }
        subscription.open();
        Ok(subscription)
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }
}
