use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use event_store::CommandError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::incoming::Rejection;

/// Why there is no answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Error {
    #[serde(skip)]
    status: StatusCode,
    /// In words.
    error: String,
}

impl Error {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such conversation")
    }

    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the request failed, which is our fault")
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        let (name, value) = match self.status {
            StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, "Bearer"),
            StatusCode::SERVICE_UNAVAILABLE => (header::RETRY_AFTER, "1"),
            _ => return response,
        };
        response.headers_mut().insert(name, HeaderValue::from_static(value));
        response
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unauthenticated => Self::new(
                StatusCode::UNAUTHORIZED,
                "an access token is needed: Authorization: Bearer TOKEN",
            ),
            Rejection::Header(name, why) => {
                Self::new(StatusCode::BAD_REQUEST, format!("header {name} {why}"))
            }
            Rejection::Body(status) => {
                Self::new(status, status.canonical_reason().unwrap_or_default())
            }
            Rejection::Seeing(error) => error.into(),
        }
    }
}

impl<R: std::error::Error + 'static> From<CommandError<R>> for Error {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Refused(refusal) => {
                Self::new(StatusCode::BAD_REQUEST, refusal.to_string())
            }
            CommandError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "the Idempotency-Key was used for another request",
            ),
            CommandError::Contended => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many writers; try again")
            }
            CommandError::Store(
                error @ (event_store::Error::Overloaded
                | event_store::Error::Closed
                | event_store::Error::Unreachable { .. }),
            ) => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            CommandError::Store(error) => Self::internal(&error),
        }
    }
}

impl From<event_store::Error> for Error {
    fn from(error: event_store::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<projections::Error> for Error {
    fn from(error: projections::Error) -> Self {
        Self::internal(&error)
    }
}
