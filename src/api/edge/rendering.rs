use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::dialect::Dialects;
use super::failure::Failure;
use super::recorded::Recorded;

/// What rendering a failure needs of its request. Kept small: every request stores it and few fail.
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

    /// This server's URL as its operator configured it, not as a header names it: a caller could
    /// put anything there.
    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Whether the `Accept` headers mention a media type.
    pub(crate) fn accepts(&self, media_type: &str) -> bool {
        self.accept.iter().any(|accept| accept.to_str().is_ok_and(|text| text.contains(media_type)))
    }
}

/// Renders every failure under a dialect's prefix in the dialect's format, including those that no
/// handler made: unknown paths, wrong methods, oversized bodies, timeouts.
pub(crate) async fn failures(
    dialects: Dialects,
    public_url: &Arc<str>,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let summary = RequestSummary::of(&request, public_url.clone());
    let is_command = !request.method().is_safe();
    let recorded = Recorded::default();
    request.extensions_mut().insert(recorded.clone());
    let dialect = dialects.of(summary.path());
    let mut response = match percent_encoding::percent_decode_str(summary.path()).decode_utf8() {
        Ok(_) => next(request).await,
        // A path that is not UTF-8 names nothing.
        Err(_) => Failure::not_found().into_response(),
    };
    let status = response.status();
    let Some(dialect) = dialect.filter(|_| status.is_client_error() || status.is_server_error())
    else {
        return response;
    };
    let mut failure = response.extensions_mut().remove().unwrap_or_else(|| Failure::from(status));
    if is_command {
        failure = match recorded.instead_of(failure).await {
            Ok(done) => return done,
            Err(failure) => failure,
        };
    }
    let mut rendered = (dialect.render)(&failure, &summary);
    let headers = rendered.headers_mut();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        headers.insert(header::ALLOW, allow.clone());
    }
    match failure.status {
        StatusCode::UNAUTHORIZED => {
            for challenge in (dialect.challenge)(failure.token.as_deref()) {
                headers.append(header::WWW_AUTHENTICATE, challenge);
            }
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    rendered
}
