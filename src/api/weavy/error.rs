use std::error::Error as StdError;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{conversation, participation, user};
use event_store::CommandError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::incoming::{Behind, Rejection};

/// An error, as problem details (RFC 7807).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The section of the specification that defines the status.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    status: u16,
    /// What is known beyond the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, detail: Option<String>) -> Self {
        Self {
            r#type: match status.as_u16() {
                401 => "https://tools.ietf.org/html/rfc7235#section-3.1",
                403 => "https://tools.ietf.org/html/rfc7231#section-6.5.3",
                404 => "https://tools.ietf.org/html/rfc7231#section-6.5.4",
                405 => "https://tools.ietf.org/html/rfc7231#section-6.5.5",
                408 => "https://tools.ietf.org/html/rfc7231#section-6.5.7",
                413 => "https://tools.ietf.org/html/rfc7231#section-6.5.11",
                422 => "https://tools.ietf.org/html/rfc4918#section-11.2",
                503 => "https://tools.ietf.org/html/rfc7231#section-6.6.4",
                500.. => "https://tools.ietf.org/html/rfc7231#section-6.6.1",
                _ => "https://tools.ietf.org/html/rfc7231#section-6.5.1",
            },
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            instance: None,
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some(detail.into()))
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, Some(detail.into()))
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, None)
    }

    fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Some(detail.into()))
    }

    /// Logged here, once, with every cause; the caller learns no more than that it is our fault.
    fn internal(error: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, None)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives every error under `/api` the dialect's shape, also those that no handler made: unknown paths, wrong
/// methods, bodies too large, answers too late.
pub(crate) async fn shape_errors(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let names_problem = request.headers().get_all(header::ACCEPT).iter().any(|accept| {
        accept.to_str().is_ok_and(|accept| accept.contains("application/problem+json"))
    });
    let mut response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error())
        || !(path == "/api" || path.starts_with("/api/"))
    {
        return response;
    }
    let mut problem =
        response.extensions_mut().remove().unwrap_or_else(|| Problem::new(status, None));
    problem.instance = Some(path);
    let mut shaped = (status, Json(problem)).into_response();
    let headers = shaped.headers_mut();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        headers.insert(header::ALLOW, allow.clone());
    }
    if names_problem {
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    shaped
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Unauthenticated => Self::new(
                StatusCode::UNAUTHORIZED,
                Some("an access token is needed: Authorization: Bearer TOKEN".to_owned()),
            ),
            Rejection::Header(name, why) => Self::bad_request(format!("header {name} {why}")),
            Rejection::Body(status) => Self::new(status, None),
            Rejection::Seeing(error) => error.into(),
        }
    }
}

impl From<Behind> for Problem {
    fn from(Behind(position): Behind) -> Self {
        Self::unavailable(format!(
            "position {position} is recorded, but the read models have not reached it yet; ask again"
        ))
    }
}

impl From<projections::Error> for Problem {
    fn from(error: projections::Error) -> Self {
        Self::internal(&error)
    }
}

impl<R: Into<Self>> From<CommandError<R>> for Problem {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::Contended => Self::unavailable("too many writers; try again"),
            CommandError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                Some("the Idempotency-Key was used for another request".to_owned()),
            ),
            CommandError::Store(
                error @ (event_store::Error::Overloaded
                | event_store::Error::Closed
                | event_store::Error::Unreachable { .. }),
            ) => Self::unavailable(error.to_string()),
            CommandError::Store(error) => Self::internal(&error),
        }
    }
}

impl From<conversation::Refusal> for Problem {
    fn from(refusal: conversation::Refusal) -> Self {
        use conversation::Refusal::*;
        match refusal {
            ConversationUnknown | ConversationDeleted | ConversationTrashed | MessageDeleted
            | NotAMember(_) => Self::not_found(),
            ConversationExists
            | PrivateChatNeedsTwo
            | MembersFixed
            | UidMissing
            | NameTooLong { .. }
            | DescriptionTooLong { .. }
            | AvatarUrlTooLong
            | TextBlank
            | TextTooLong { .. } => Self::bad_request(refusal.to_string()),
        }
    }
}

impl From<participation::Refusal> for Problem {
    fn from(refusal: participation::Refusal) -> Self {
        match refusal {
            participation::Refusal::MembershipEnded => Self::not_found(),
            participation::Refusal::MessageInvalid => Self::bad_request(refusal.to_string()),
        }
    }
}

impl From<user::Refusal> for Problem {
    fn from(refusal: user::Refusal) -> Self {
        match refusal {
            user::Refusal::UserUnknown => Self::not_found(),
            user::Refusal::UserExists | user::Refusal::UidInvalid | user::Refusal::NameTooLong => {
                Self::bad_request(refusal.to_string())
            }
        }
    }
}
