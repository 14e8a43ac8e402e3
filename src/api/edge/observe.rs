use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use metrics::Histogram;
use tracing::Instrument;

use super::request_id::{REQUEST_ID, RequestId};

/// The route label of all requests without a route: callers could invent any number of paths.
const UNMATCHED: &str = "(unmatched)";

/// One histogram for each method, route and status that has been answered.
///
/// The recorder finds a histogram by its labels, which costs a string for each and a hash over all
/// of them, so the handles are kept here. There are as many as combinations of route, method and
/// status, none of which a caller can invent.
#[derive(Default)]
pub(crate) struct Measurements(RwLock<HashMap<Box<str>, Vec<Measured>>>);

struct Measured {
    method: &'static str,
    status: StatusCode,
    seconds: Histogram,
}

impl Measurements {
    fn of(&self, method: &'static str, route: &str, status: StatusCode) -> Histogram {
        // A poisoned lock is usable: a writer only ever adds one complete entry.
        let by_route = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(seconds) = find(by_route.get(route), method, status) {
            return seconds;
        }
        drop(by_route);
        let mut by_route = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Another request may have added it meanwhile.
        if let Some(seconds) = find(by_route.get(route), method, status) {
            return seconds;
        }
        let seconds = metrics::histogram!(
            "colloquy_http_seconds",
            "method" => method, "route" => route.to_owned(), "status" => status.as_str().to_owned()
        );
        let measured = Measured { method, status, seconds: seconds.clone() };
        by_route.entry(route.into()).or_default().push(measured);
        seconds
    }
}

fn find(
    measured: Option<&Vec<Measured>>,
    method: &'static str,
    status: StatusCode,
) -> Option<Histogram> {
    let mut of_route = measured?.iter();
    let found = of_route.find(|one| one.status == status && one.method == method)?;
    Some(found.seconds.clone())
}

/// The method's name; methods that HTTP does not define share one, as callers could invent any
/// number.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "(other)",
    }
}

/// One span, one log line and one measurement per request; its id is on all of them, on its events
/// and on its answer. Never logs a body, a token or an address.
pub(crate) async fn request(
    measurements: &Measurements,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let started = Instant::now();
    let method = name(request.method());
    // Cloned (a reference count) because the request itself moves on.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    // At the highest level, so that the span is present wherever any line is logged.
    let span = tracing::error_span!(
        "request",
        http.method = method,
        http.route = route,
        request.id = id.as_str()
    );
    async {
        let mut response = next(request).await;
        response.headers_mut().insert(REQUEST_ID, id.into_header());
        let elapsed = started.elapsed();
        let status = response.status();
        tracing::debug!(
            http.status = status.as_u16(),
            duration_ms = elapsed.as_secs_f64() * 1000.0,
            "answered"
        );
        measurements.of(method, route, status).record(elapsed);
        response
    }
    .instrument(span)
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Body;
    use axum::middleware::Next;
    use axum::routing::get;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    use super::*;

    /// The `/metrics` text after these requests.
    fn measured(requests: &[(&str, &str)]) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        let measurements = Arc::<Measurements>::default();
        let measure = move |request, next: Next| {
            let measurements = measurements.clone();
            async move {
                super::request(&measurements, request, async |request| next.run(request).await)
                    .await
            }
        };
        let things = Router::new().route("/things/{id}", get(async || "a thing"));
        let router = things.layer(axum::middleware::from_fn(measure));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        metrics::with_local_recorder(&recorder, || {
            for (method, path) in requests {
                let request = axum::http::Request::builder().method(*method).uri(*path);
                let request = request.body(Body::empty()).unwrap();
                runtime.block_on(router.clone().oneshot(request)).unwrap();
            }
        });
        recorder.handle().render()
    }

    fn counts(rendered: &str) -> Vec<&str> {
        let mut lines: Vec<&str> = rendered
            .lines()
            .filter_map(|line| line.strip_prefix("colloquy_http_seconds_count"))
            .collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn requests_are_counted_by_method_route_and_status() {
        let rendered = measured(&[
            ("GET", "/things/1"),
            ("GET", "/things/2"),
            ("HEAD", "/things/1"),
            ("PUT", "/things/1"),
        ]);
        assert_eq!(
            counts(&rendered),
            [
                r#"{method="GET",route="/things/{id}",status="200"} 2"#,
                r#"{method="HEAD",route="/things/{id}",status="200"} 1"#,
                r#"{method="PUT",route="/things/{id}",status="405"} 1"#,
            ]
        );
    }

    #[test]
    fn what_callers_invent_makes_no_measurements_of_its_own() {
        let rendered =
            measured(&[("GET", "/a"), ("GET", "/b"), ("INVENTED", "/c"), ("MADEUP", "/d")]);
        assert_eq!(
            counts(&rendered),
            [
                r#"{method="(other)",route="(unmatched)",status="404"} 2"#,
                r#"{method="GET",route="(unmatched)",status="404"} 2"#,
            ]
        );
    }
}
