use std::borrow::Cow;

use axum::http::StatusCode;

use super::failure::{Failure, Source};
use super::fair::Crowded;
use super::token;

/// Why there is no [`Request`](super::request::Request), for the dialect to put into words.
pub(crate) enum Rejection {
    /// The token is not taken, and why; nothing when there is none.
    Unauthenticated(Option<token::Refusal>),
    /// It comes from a browser on another site, by a password that the browser remembers.
    ForeignForm,
    /// Too many others are under way.
    Crowded(Crowded),
    /// A header that cannot be used.
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

/// The read models did not come up to a position in time.
#[derive(Debug)]
pub(crate) enum NotCaughtUp {
    /// That of a command, which was recorded.
    WithCommand,
    /// That of the caller's own registration, or one that they have seen elsewhere.
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
