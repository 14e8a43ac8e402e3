//! The API description, and a page to read and try it that loads nothing from other servers.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, Redirect};
use axum::routing::get;

use crate::{Description, Descriptions, Services};

/// Scripts from this server only; styles may be inline, since the reader adds its own to the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// As published, and sent compressed only: every browser accepts gzip.
const READER: &[u8] = include_bytes!("rapidoc/rapidoc-min.js.gz");

/// The routes of `/asyncapi.json` (events), `/openapi.json`, the description of each dialect, and
/// the page, to which `/` redirects.
pub(crate) fn routes(Descriptions { whole, dialects }: Descriptions) -> Router<Arc<Services>> {
    let page = || async { ([(CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("docs.html"))) };
    let reader = || async {
        ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CONTENT_ENCODING, "gzip")], READER)
    };
    let style =
        || async { ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("docs.css")) };
    let routes = Router::new()
        .route("/", get(async || Redirect::temporary("/docs")))
        .route("/docs", get(page))
        .route("/docs/rapidoc.js", get(reader))
        .route("/docs/style.css", get(style))
        .route("/asyncapi.json", get(([(CONTENT_TYPE, "application/json")], domain::ASYNCAPI)))
        .route("/openapi.json", get(written(&whole)));
    dialects.into_iter().fold(routes, |routes, (name, description)| {
        routes.route(&format!("/openapi/{name}.json"), get(written(&description)))
    })
}

/// Serialised once at start: it takes milliseconds. Served without a token.
fn written(description: &Description) -> ([(HeaderName, &'static str); 1], Bytes) {
    let json = serde_json::to_vec(description).expect("a description has string keys only");
    ([(CONTENT_TYPE, "application/json")], json.into())
}
