use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::dialect::Dialects;
use super::failure::Failure;
use crate::Services;

/// Said of a command that did not finish in time.
pub(crate) const OUTCOME_UNKNOWN: &str =
    "whether the command was recorded is unknown: repeat it with the same Idempotency-Key";

/// Whether the request has arrived completely, body included. Travels in the request's extensions
/// and is set when the body has been read; no command runs before.
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

/// Answers a dialect's requests in time, also without a database: during an outage at once with
/// 503, and requests in progress as soon as an outage is noticed. Also 503 while the read models
/// lag behind a position that was already acknowledged.
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
