//! CORS and other headers for browsers, and protection against cross-site form posts.

use std::convert::Infallible;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use tower::{Layer, ServiceExt};
use tower_http::cors::{Any, CorsLayer};

use super::dialect::{Credentials, Dialects};
use super::position::POSITION;
use super::request_id::REQUEST_ID;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Pages of any origin may call the dialects: every request carries its own token, and there are no
/// cookies.
pub(crate) fn cors(dialects: Dialects) -> CorsLayer {
    let all = dialects.0.iter().flat_map(|dialect| dialect.credentials);
    let of_tokens = all.filter_map(|accepted| match accepted {
        Credentials::Header(name) => Some(HeaderName::from_static(name)),
        Credentials::Bearer | Credentials::Basic => None,
    });
    let plain = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        IDEMPOTENCY_KEY,
        POSITION,
        HeaderName::from_static("last-event-id"),
        HeaderName::from_static("traceparent"),
        REQUEST_ID,
    ];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(plain.into_iter().chain(of_tokens).collect::<Vec<_>>())
        .expose_headers([POSITION, REQUEST_ID, header::LOCATION])
}

/// Lets pages of other origins call the dialects, but not the operators' endpoints. Answers are
/// neither cached nor sniffed for another media type.
pub(crate) async fn guard(
    dialects: Dialects,
    cors: &CorsLayer,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let dialect = dialects.of(request.uri().path());
    let is_for_browsers = dialect.is_some_and(|dialect| dialect.is_for_browsers);
    // Clients other than browsers send no `Origin` header and ignore CORS headers, so the CORS
    // layer is skipped for them.
    let may_be_of_a_browser =
        request.method() == Method::OPTIONS || request.headers().contains_key(header::ORIGIN);
    let mut response = match is_for_browsers && may_be_of_a_browser {
        true => with_cors(cors, request, next).await,
        false => next(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn with_cors(
    cors: &CorsLayer,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let mut next = Some(next);
    let served = tower::service_fn(move |request| {
        let next = next.take().expect("it is called once");
        async move { Ok::<_, Infallible>(next(request).await) }
    });
    cors.layer(served).oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// Whether a request may be a form posted by another site, to which a browser silently adds an HTTP
/// Basic password that it remembers. Only a POST with a form's media type and no header of its own
/// can be one: before anything else the browser sends a CORS preflight, and then leaves the
/// password out. Clients other than browsers do not say where a request comes from, and always
/// pass.
pub(crate) fn may_be_a_foreign_form(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let comes_from_elsewhere = match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site != "same-origin" && site != "none",
        // Browsers from before 2023 do not send `Sec-Fetch-Site`.
        None => text(header::ORIGIN).is_some_and(|origin| {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_none() || authority != text(header::HOST)
        }),
    };
    let is_json = text(header::CONTENT_TYPE).is_some_and(|media_type| {
        let essence = media_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    });
    let is_remembered = text(header::AUTHORIZATION).is_some_and(|credentials| {
        credentials.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "))
    });
    let was_asked_for = is_json || headers.contains_key(IDEMPOTENCY_KEY);
    method == Method::POST && is_remembered && comes_from_elsewhere && !was_asked_for
}
