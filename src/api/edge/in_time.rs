use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::dialect::Dialects;
use super::failure::Failure;
use crate::Services;

/// What to say of a command whose answer does not come.
pub(crate) const OUTCOME_UNKNOWN: &str =
    "whether the command was recorded is unknown: repeat it with the same Idempotency-Key";

/// Whether all of a request has arrived; it goes with the request, and what reads the body says
/// so here. Nothing is done for one that has not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrived(Arc<AtomicBool>);

impl Arrived {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Answers a dialect's requests in time, also without a database: during an outage at once, and
/// requests in progress when one begins as soon as it is noticed. The same holds while the read
/// models cannot show what was acknowledged.
pub(crate) async fn answer(
    dialects: Dialects,
    services: &Services,
    timeout: Duration,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if dialects.of(request.uri().path()).is_none() {
        return next(request).await;
    }
    let availability = services.commands.log().availability();
    if let Some(outage) = availability.outage() {
        return unavailable(&outage, "try again later");
    }
    if !services.views.progress().is_level() {
        return unavailable("the read models are catching up", "try again later");
    }
    let what_now = match request.method().is_safe() {
        true => "try again later",
        false => OUTCOME_UNKNOWN,
    };
    let arrived = Arrived::default();
    request.extensions_mut().insert(arrived.clone());
    tokio::select! {
        biased;
        response = next(request) => response,
        outage = availability.next_outage() => unavailable(&outage, what_now),
        () = tokio::time::sleep(timeout) => match arrived.get() {
            true => unavailable("the answer takes too long", what_now),
            false => StatusCode::REQUEST_TIMEOUT.into_response(),
        },
    }
}

fn unavailable(why: &str, what_now: &str) -> Response {
    Failure::new(StatusCode::SERVICE_UNAVAILABLE, format!("{why}; {what_now}")).into_response()
}
