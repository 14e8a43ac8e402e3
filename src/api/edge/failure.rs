use std::convert::Infallible;
use std::error::Error as StdError;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use event_store::causes;

use super::in_time::OUTCOME_UNKNOWN;
use super::token;

/// The code of a failure whose answer would exceed the size limit.
pub(crate) const ANSWER_TOO_LARGE: &str = "answer_too_large";

/// Why a request failed, before a dialect renders it in its own format.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// Details beyond the status.
    pub(crate) detail: Option<String>,
    /// A stable, machine-readable code, where the status alone is not enough.
    pub(crate) code: Option<&'static str>,
    /// The part of the request that is wrong.
    pub(crate) source: Option<Source>,
    /// Why the access token was refused, if that is the failure.
    pub(crate) token: Option<Box<token::Refusal>>,
    /// Further failures of the same request, with the same status.
    pub(crate) others: Vec<Failure>,
}

/// The part of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// In the body: a JSON pointer (RFC 6901) to what is there.
    Pointer(String),
    /// A query parameter.
    Parameter(String),
    /// A header.
    Header(&'static str),
}

impl Failure {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..status.into() }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(crate) fn not_found() -> Self {
        StatusCode::NOT_FOUND.into()
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    pub(crate) fn at(self, source: Source) -> Self {
        Self { source: Some(source), ..self }
    }

    pub(crate) fn coded(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    /// Fails with all of several failures, if there are any, and with the first one's status.
    pub(crate) fn none_of(failures: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        let mut failures = failures.into_iter();
        match failures.next() {
            Some(first) => Err(Self { others: failures.collect(), ..first }),
            None => Ok(()),
        }
    }

    /// Both values, or the failures of both.
    pub(crate) fn both<A, B>(
        first: Result<A, Self>,
        second: Result<B, Self>,
    ) -> Result<(A, B), Self> {
        match (first, second) {
            (Ok(first), Ok(second)) => Ok((first, second)),
            (Err(mut first), Err(second)) => {
                first.others.push(second);
                Err(first)
            }
            (Err(failure), Ok(_)) | (Ok(_), Err(failure)) => Err(failure),
        }
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// Outages of the database are logged by the task that watches it. Anything else is a fault of
    /// ours and logged here, once, with its whole chain of causes; the caller only learns that the
    /// fault is ours.
    fn internal(error: &(dyn StdError + 'static)) -> Self {
        if is_ended_statement(error) {
            tracing::warn!(error = causes(error), "a query took too long");
            return Self::unavailable("the answer takes too long; try again later");
        }
        if event_store::is_outage(error) {
            tracing::warn!(error = causes(error), "a request failed: PostgreSQL is unreachable");
            return Self::unavailable("PostgreSQL does not answer as it should; try again later");
        }
        tracing::error!(error = causes(error), "a request failed");
        StatusCode::INTERNAL_SERVER_ERROR.into()
    }

    /// The detail, or the status's reason phrase if there is none.
    pub(crate) fn message(&self) -> String {
        let status = || self.status.canonical_reason().unwrap_or("Error").to_owned();
        self.detail.clone().unwrap_or_else(status)
    }
}

/// Whether the connection's statement timeout cancelled the statement; PostgreSQL itself is fine.
fn is_ended_statement(error: &(dyn StdError + 'static)) -> bool {
    const QUERY_CANCELED: &str = "57014";
    std::iter::successors(Some(error), |error| (*error).source()).any(|error| {
        let error = error.downcast_ref().and_then(sqlx::Error::as_database_error);
        error.is_some_and(|error| error.code().as_deref() == Some(QUERY_CANCELED))
    })
}

impl From<StatusCode> for Failure {
    fn from(status: StatusCode) -> Self {
        Self { status, detail: None, code: None, source: None, token: None, others: vec![] }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<projections::Error> for Failure {
    fn from(error: projections::Error) -> Self {
        match error {
            projections::Error::Stopped { model, .. } => Self::unavailable(format!(
                "projection {model} is stopped: an event could not be applied, and an operator has \
                 to act"
            )),
            projections::Error::NotCaughtUp { .. } => Self::unavailable(error.to_string()),
            projections::Error::ShuttingDown => Self::unavailable("shutting down"),
            projections::Error::TooManyLargeAnswers => {
                Self::unavailable(format!("{error}; try again later"))
            }
            // Retrying is useless; asking for less helps.
            projections::Error::AnswerTooLarge => {
                Self::bad_request(error.to_string()).coded(ANSWER_TOO_LARGE)
            }
            error => Self::internal(&error),
        }
    }
}

impl From<event_store::Error> for Failure {
    fn from(error: event_store::Error) -> Self {
        match error {
            event_store::Error::Unreachable => {
                Self::unavailable(format!("PostgreSQL is unreachable; {OUTCOME_UNKNOWN}"))
            }
            event_store::Error::Unstorable { why, .. } => {
                Self::bad_request(format!("this cannot be recorded: {why}"))
            }
            // Not 503: retrying is useless until an operator acts.
            event_store::Error::Undecodable { .. }
            | event_store::Error::UnknownType { .. }
            | event_store::Error::CannotOpen { .. } => {
                tracing::error!(error = causes(&error), "a command failed");
                let detail =
                    "part of what is recorded here cannot be read, and an operator has to act";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
            }
            event_store::Error::Overloaded
            | event_store::Error::Closed
            | event_store::Error::Unavailable => Self::unavailable(error.to_string()),
            error => Self::internal(&error),
        }
    }
}

impl From<Infallible> for Failure {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
