use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::{AccountPosition, UserId};
use event_store::{Log, causes};
use futures::Stream;
use projections::Revocations;
use tokio::time::{Instant, MissedTickBehavior};

use super::request::Listener;
use crate::edge::caller::Caller;
use crate::edge::failure::Failure;
use crate::edge::rejection::NotCaughtUp;
use crate::live::{Item, Live, Place, Subscription, keep_alive, position};

/// How long a request waits for a position that the caller has seen elsewhere.
const POSITION_WAIT: Duration = Duration::from_secs(2);
/// How often something is sent while there are no events.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Stream events as they happen: events of the conversations that the caller is in, and of their
/// own state there; for agents, also those of the support conversations of their inboxes. Each has
/// the account position as its id, and a JSON object as its data: `type`, `conversation`,
/// `conversation_number`, `time`, `actor`, `users` and `payload`. Typing comes without an id. A
/// block without data only moves the position.
#[utoipa::path(get, path = "",
    operation_id = "events.stream.open",
    params(("Last-Event-ID" = Option<i64>, Header, minimum = 0,
            description = "The id of the last event that was read: the stream begins with the one \
                           behind it, and not with what happens from now on")),
    responses((status = 200,
               description = "Events, until the connection, the token or the server ends",
               body = String, content_type = "text/event-stream"),
              (status = 429, description = "As many streams are open as the user, the account or \
                                            the server may have"),
              (status = 503, description = "Not now; or the account has not had as many events as \
                                            Last-Event-ID says")))]
pub(super) async fn open(request: Listener) -> Result<Response, Failure> {
    let last = request.last_event()?;
    let (services, caller) = (&request.services, &request.caller);
    let place = services.live.admit(caller).ok_or_else(|| {
        let why = "too many event streams are open; close one, or try again later";
        Failure::new(StatusCode::TOO_MANY_REQUESTS, why)
    })?;
    if let Some(last) = last {
        let progress = request.views().progress();
        if !progress.wait_for_account(request.account(), last, POSITION_WAIT).await? {
            return Err(NotCaughtUp::WithCaller.into());
        }
    }
    let subscription = services.live.subscribe(request.views(), caller).await?;
    let log = services.commands.log().clone();
    let begin = log.account_position_at(request.account(), subscription.from()).await?;
    let listening = Listening {
        live: services.live.clone(),
        revocations: services.revocations.clone(),
        log,
        subscription,
        user: caller.user(),
        issued_at: caller.issued_at,
        ends_at: ends_at(caller),
        sent: last.unwrap_or(begin),
        begin,
        _place: place,
    };
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // Tells proxies not to buffer the stream.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(listening.stream())).into_response())
}

/// When the caller's token expires; `None` if that is too far away for this clock.
fn ends_at(caller: &Caller) -> Option<Instant> {
    Instant::now().checked_add((caller.until - now()).to_std().unwrap_or_default())
}

#[expect(clippy::disallowed_methods, reason = "the edge: a stream is judged as its token is")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// An open stream. It does not count as a request in progress.
struct Listening {
    live: Live,
    revocations: Revocations,
    log: Log,
    subscription: Subscription,
    user: Option<UserId>,
    issued_at: Option<f64>,
    ends_at: Option<Instant>,
    /// Everything up to this position was sent, or is not visible to the caller.
    sent: AccountPosition,
    /// Events after this position come from the subscription, those up to it from the log.
    begin: AccountPosition,
    _place: Place,
}

impl Listening {
    fn stream(mut self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        async_stream::stream! {
            self.note();
            yield Ok(position(self.sent));
            while self.sent < self.begin {
                let Some((items, end)) = self.missed().await else { return };
                for item in items {
                    if self.is_over() {
                        return;
                    }
                    yield Ok(self.subscription.hub().as_of_now(&item));
                }
                self.sent = end;
                yield Ok(position(end));
            }
            let mut ticks = tokio::time::interval(KEEP_ALIVE_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.reset();
            loop {
                let bytes = tokio::select! {
                    biased;
                    () = self.live.stop().clone().cancelled_owned() => return,
                    () = until(self.ends_at) => return,
                    item = self.subscription.next() => match item {
                        Some(item) => self.of_item(&item),
                        None => return,
                    },
                    _ = ticks.tick() => Some(self.at_rest()),
                };
                if self.is_over() {
                    return;
                }
                if let Some(bytes) = bytes {
                    yield Ok(bytes);
                }
            }
        }
    }

    /// A batch of missed events, and the position up to which the log was read for it.
    async fn missed(&self) -> Option<(Vec<Item>, AccountPosition)> {
        let missed = self.live.missed(&self.log, &self.subscription, self.sent, self.begin);
        let stopped = self.live.stop().run_until_cancelled(missed).await?;
        // The client reconnects and continues from its position.
        let logged =
            |error| tracing::warn!(error = causes(&error), "a stream of events is given up");
        stopped.map_err(logged).ok()
    }

    /// An item's bytes; `None` if its event was sent already.
    fn of_item(&mut self, item: &Item) -> Option<Bytes> {
        if let Some(event) = &item.event {
            if event.position <= self.sent {
                return None;
            }
            self.sent = event.position;
        }
        Some(self.subscription.hub().as_of_now(item))
    }

    /// Sent after a while without events. It moves the position past events that the caller may not
    /// see, so that a reconnect need not read them again.
    fn at_rest(&mut self) -> Bytes {
        self.note();
        match self.subscription.idle_at().filter(|idle_at| *idle_at > self.sent) {
            Some(idle_at) => {
                self.sent = idle_at;
                position(idle_at)
            }
            None => keep_alive(),
        }
    }

    fn note(&self) {
        if let Some(user) = self.user {
            self.live.presence().note(user);
        }
    }

    /// Whether the stream must end.
    fn is_over(&self) -> bool {
        let is_revoked = |user| self.revocations.concern(user, self.issued_at);
        self.live.stop().is_cancelled()
            || self.ends_at.is_some_and(|end| Instant::now() >= end)
            || self.user.is_some_and(is_revoked)
    }
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
