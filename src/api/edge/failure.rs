use std::convert::Infallible;
use std::error::Error as StdError;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{audit, conversation, participation, user};
use event_store::{CommandError, causes};

use super::challenge::challenges;
use super::in_time::OUTCOME_UNKNOWN;
use super::token;

/// Why a request is not answered. Each dialect has a shape of its own for it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// What is known beyond the status.
    pub(crate) detail: Option<String>,
    /// A name for it that does not change with the words, where the status alone is not enough.
    pub(crate) code: Option<&'static str>,
    /// Where in the request it is.
    pub(crate) source: Option<Source>,
    /// The token that is not taken, where that is what is wrong.
    pub(crate) token: Option<Box<token::Refusal>>,
    /// Further ones of the same request, of the same status.
    pub(crate) others: Vec<Failure>,
}

/// Where in a request something is wrong.
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

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// The database's failure, which is logged by whoever notices that it is out; or ours, logged here, once, with every
    /// cause: the caller learns no more than that it is our fault.
    fn internal(error: &(dyn StdError + 'static)) -> Self {
        if is_ended_statement(error) {
            tracing::warn!(error = causes(error), "a query took too long");
            return Self::unavailable("the answer takes too long; try again later");
        }
        if event_store::is_outage(error) {
            tracing::warn!(error = causes(error), "a request failed for an outage of PostgreSQL");
            return Self::unavailable("PostgreSQL does not answer as it should; try again later");
        }
        tracing::error!(error = causes(error), "a request failed");
        StatusCode::INTERNAL_SERVER_ERROR.into()
    }

    /// The detail or, where there is none, the status in words.
    pub(crate) fn message(&self) -> String {
        let status = || self.status.canonical_reason().unwrap_or("Error").to_owned();
        self.detail.clone().unwrap_or_else(status)
    }
}

/// By the limit of its connection, which is for that statement alone: PostgreSQL itself is well.
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

/// What of a request its failure is told with: little, since every request keeps it and few fail.
pub(crate) struct RequestSummary {
    uri: Uri,
    public_url: Arc<str>,
    accept: Vec<HeaderValue>,
}

impl RequestSummary {
    fn of(request: &Request, public_url: Arc<str>) -> Self {
        let headers = request.headers();
        Self {
            uri: request.uri().clone(),
            public_url,
            accept: headers.get_all(header::ACCEPT).iter().cloned().collect(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// This server, as its operator names it: what a caller names it in a header is the caller's to choose.
    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Whether a media type is named among those that are accepted.
    pub(crate) fn accepts(&self, media_type: &str) -> bool {
        self.accept.iter().any(|accept| accept.to_str().is_ok_and(|text| text.contains(media_type)))
    }
}

/// How a dialect tells a failure.
pub(crate) struct Dialect {
    /// What its paths begin with.
    pub(crate) prefix: &'static str,
    /// Whether a token may also be the password of HTTP Basic.
    pub(crate) takes_basic: bool,
    /// Whether pages of any origin may call it.
    pub(crate) is_for_browsers: bool,
    /// Its shape.
    pub(crate) shape: fn(&Failure, &RequestSummary) -> Response,
}

impl Dialect {
    /// The one that a path belongs to: the first whose prefix fits.
    pub(crate) fn of(dialects: &'static [Self], path: &str) -> Option<&'static Self> {
        dialects.iter().find(|dialect| {
            let rest = path.strip_prefix(dialect.prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// What failures are told with.
#[derive(Clone)]
pub(crate) struct Shapes {
    pub(crate) dialects: &'static [Dialect],
    pub(crate) public_url: Arc<str>,
}

/// Gives every failure under a dialect's prefix the dialect's shape, also those that no handler made: unknown
/// paths, wrong methods, bodies too large, answers too late.
pub(crate) async fn shape(State(shapes): State<Shapes>, request: Request, next: Next) -> Response {
    let asked = RequestSummary::of(&request, shapes.public_url);
    let dialect = Dialect::of(shapes.dialects, asked.path());
    let mut response = match percent_encoding::percent_decode_str(asked.path()).decode_utf8() {
        Ok(_) => next.run(request).await,
        // Nothing has a name that is no text.
        Err(_) => Failure::not_found().into_response(),
    };
    let status = response.status();
    let Some(dialect) = dialect.filter(|_| status.is_client_error() || status.is_server_error())
    else {
        return response;
    };
    let failure = response.extensions_mut().remove().unwrap_or_else(|| Failure::from(status));
    let mut shaped = (dialect.shape)(&failure, &asked);
    let headers = shaped.headers_mut();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        headers.insert(header::ALLOW, allow.clone());
    }
    match status {
        StatusCode::UNAUTHORIZED => {
            for challenge in challenges(failure.token.as_deref(), dialect.takes_basic) {
                headers.append(header::WWW_AUTHENTICATE, challenge);
            }
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    shaped
}

impl From<projections::Error> for Failure {
    fn from(error: projections::Error) -> Self {
        match error {
            projections::Error::Stopped { model, .. } => Self::unavailable(format!(
                "projection {model} is stopped: an event could not be applied, and an operator has to act"
            )),
            projections::Error::Behind { .. } => Self::unavailable(error.to_string()),
            projections::Error::ShuttingDown => Self::unavailable("shutting down"),
            projections::Error::TooManyLargeAnswers => {
                Self::unavailable(format!("{error}; try again later"))
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
            // Not 503: it stays so until an operator acts, and trying again is no use.
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

impl<R: Into<Self>> From<CommandError<R>> for Failure {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::Contended => Self::unavailable("too many writers; try again"),
            CommandError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "the Idempotency-Key was used for another request",
            )
            .coded("idempotency_key_reused")
            .at(Source::Header("Idempotency-Key")),
            CommandError::Store(error) => error.into(),
        }
    }
}

impl From<conversation::Refusal> for Failure {
    fn from(refusal: conversation::Refusal) -> Self {
        use conversation::Refusal::*;
        match refusal {
            ConversationUnknown | ConversationDeleted | ConversationTrashed | MessageDeleted
            | NotAMember(_) => Self::not_found(),
            ConversationExists | PrivateChatNeedsTwo | MembersFixed | UidMissing | Excess(_)
            | TextBlank => Self::bad_request(refusal.to_string()),
        }
    }
}

impl From<participation::Refusal> for Failure {
    fn from(refusal: participation::Refusal) -> Self {
        match refusal {
            participation::Refusal::MembershipEnded => Self::not_found(),
            participation::Refusal::MessageInvalid | participation::Refusal::TimeInvalid => {
                Self::bad_request(refusal.to_string())
            }
        }
    }
}

impl From<user::Refusal> for Failure {
    fn from(refusal: user::Refusal) -> Self {
        match refusal {
            user::Refusal::UserUnknown => Self::not_found(),
            user::Refusal::UserExists
            | user::Refusal::UidInvalid
            | user::Refusal::UidReserved
            | user::Refusal::NameTooLong
            | user::Refusal::UsernameTooLong
            | user::Refusal::Excess(_) => Self::bad_request(refusal.to_string()),
        }
    }
}

impl From<Infallible> for Failure {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<audit::Refusal> for Failure {
    fn from(refusal: audit::Refusal) -> Self {
        match refusal {}
    }
}
