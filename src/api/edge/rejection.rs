use std::borrow::Cow;

use axum::http::StatusCode;

use super::failure::{Failure, Source};
use super::fair::Crowded;
use super::token;

/// Why a [`Request`](super::request::Request) could not be read, for the dialect to render.
pub(crate) enum Rejection {
    /// Why the token was refused; `None` when there is none.
    Unauthenticated(Option<token::Refusal>),
    /// A form posted by another site in a browser, with a password that the browser remembers.
    ForeignForm,
    /// Too many requests are in progress.
    Crowded(Crowded),
    /// A header with an invalid value.
    Header(&'static str, Cow<'static, str>),
    /// The body did not arrive, or is too large.
    Body(StatusCode),
    Digest(event_store::Error),
    Seeing(Failure),
    NotCaughtUp(NotCaughtUp),
    Views(projections::Error),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::ForeignForm => Self::forbidden(
                "forms of other sites are not taken with HTTP Basic: send JSON, an Idempotency-Key \
                 or a bearer token",
            ),
            Rejection::Unauthenticated(None) => Self::new(
                StatusCode::UNAUTHORIZED,
                "an access token is needed: Authorization: Bearer TOKEN",
            ),
            Rejection::Unauthenticated(Some(refusal @ token::Refusal::KeysMissing)) => {
                Self::unavailable(refusal.to_string())
            }
            Rejection::Unauthenticated(Some(refusal)) => {
                let detail = format!("the access token is not taken: {refusal}");
                Self { token: Some(refusal.into()), ..Self::new(StatusCode::UNAUTHORIZED, detail) }
            }
            Rejection::Crowded(of) => of.into(),
            Rejection::Header(name, why) => {
                Self::bad_request(format!("header {name} {why}")).at(Source::Header(name))
            }
            Rejection::Body(status) => status.into(),
            Rejection::Digest(error) => error.into(),
            Rejection::Seeing(failure) => failure,
            Rejection::NotCaughtUp(not_caught_up) => not_caught_up.into(),
            Rejection::Views(error) => error.into(),
        }
    }
}

/// The read models did not reach a position in time.
#[derive(Debug)]
pub(crate) enum NotCaughtUp {
    /// The position of the request's command, which was recorded.
    WithCommand,
    /// The position of the caller's own registration, or one that they have seen elsewhere.
    WithCaller,
}

impl From<NotCaughtUp> for Failure {
    fn from(not_caught_up: NotCaughtUp) -> Self {
        Self::unavailable(match not_caught_up {
            NotCaughtUp::WithCommand => "what it did cannot be shown yet",
            NotCaughtUp::WithCaller => {
                "the answer would not reflect what was asked for yet; ask again"
            }
        })
    }
}
