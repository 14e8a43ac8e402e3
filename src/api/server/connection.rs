use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Settings;
use super::stream::Stream;
use super::unread::{Unread, discard};

/// How often a connection that was told to close checks whether it is idle.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Largest size of a request's first line and headers together, in bytes; a URI may take half of
/// it. Also bounds what is buffered of pipelined requests.
pub(super) const HEAD_SIZE_MAX: usize = 128 * 1024;

/// In place of a time: a request is in progress.
const UNDER_WAY: u64 = u64::MAX;

/// The state of a connection that the server observes and controls.
pub(super) struct Connection {
    /// When the connection was opened or its last answer was handed over, in milliseconds since
    /// start.
    answered_ms: AtomicU64,
    /// Whether part of an answer still waits for the client to read it.
    unread: AtomicBool,
    write_timeout: Duration,
    close: CancellationToken,
    first_request: CancellationToken,
}

impl Connection {
    pub(super) fn new(write_timeout: Duration) -> Self {
        Self {
            answered_ms: AtomicU64::new(now_ms()),
            unread: AtomicBool::new(false),
            write_timeout,
            close: CancellationToken::new(),
            first_request: CancellationToken::new(),
        }
    }

    /// How long the connection has been idle; `None` while a request is in progress. While the
    /// client has not read the answer completely, the connection counts as busy for at most the
    /// write timeout.
    fn waits_for(&self) -> Option<Duration> {
        let answered = self.answered_ms.load(Ordering::Relaxed);
        if answered == UNDER_WAY {
            return None;
        }
        let waited = Duration::from_millis(now_ms().saturating_sub(answered));
        let is_sent = !self.unread.load(Ordering::Relaxed) || waited >= self.write_timeout;
        is_sent.then_some(waited)
    }

    /// As [`waits_for`](Self::waits_for), but `None` once the connection was told to close.
    pub(super) fn could_close_after(&self) -> Option<Duration> {
        self.waits_for().filter(|_| !self.close.is_cancelled())
    }

    pub(super) fn set_unread(&self, unread: bool) {
        self.unread.store(unread, Ordering::Relaxed);
    }

    /// Asks the connection to close once the request in progress is answered.
    pub(super) fn close(&self) {
        self.close.cancel();
    }

    fn work(self: &Arc<Self>) -> Work {
        self.answered_ms.store(UNDER_WAY, Ordering::Relaxed);
        Work(self.clone())
    }
}

/// A request in progress: from its last header until the end of its answer was handed to the
/// connection.
struct Work(Arc<Connection>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.answered_ms.store(now_ms(), Ordering::Relaxed);
    }
}

fn now_ms() -> u64 {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    // Cannot overflow: half a billion years fit.
    STARTED.elapsed().as_millis() as u64
}

/// Serves a connection to its end. It spawns no tasks, so dropping its own drops everything.
pub(super) async fn run(
    connection: Arc<Connection>,
    stream: TcpStream,
    router: Router,
    settings: Settings,
) {
    let stream = Stream::new(stream, connection.clone(), settings.write_timeout);
    let (unread, mut left_over) = mpsc::unbounded_channel();
    let service = {
        let connection = connection.clone();
        service_fn(move |request| {
            connection.first_request.cancel();
            let work = connection.work();
            answer(router.clone(), request, work, settings.unread_size_max, unread.clone())
        })
    };
    let mut served = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.next_request_timeout)
            .max_buf_size(HEAD_SIZE_MAX)
            .serve_connection(TokioIo::new(stream), service)
    );
    // Runs concurrently with the connection: the answer is sent while the rest of the body arrives.
    let mut discarding = pin!(async {
        while let Some(body) = left_over.recv().await {
            let rest = discard(body, settings.unread_size_max);
            let _ = tokio::time::timeout(settings.unread_timeout, rest).await;
        }
    });
    let first_request =
        tokio::time::timeout(settings.first_request_timeout, connection.first_request.cancelled());
    // Errors need no log entry: the client sees how its connection ends, and no one else is
    // concerned.
    tokio::select! {
        _ = served.as_mut() => return,
        () = discarding.as_mut() => return,
        Err(_) = first_request => return,
        () = connection.close.cancelled() => {}
    }
    served.as_mut().graceful_shutdown();
    let half_a_request_is_none = async {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if connection.waits_for().is_some() {
                break;
            }
        }
    };
    tokio::select! {
        _ = served => {}
        () = discarding => {}
        () = half_a_request_is_none => {}
    }
}

/// Hands a request to the router, and what the router left of its body to `discarding`. Otherwise
/// the connection would be reset while the client is still sending, before it has read the refusal.
async fn answer(
    router: Router,
    request: Request<Incoming>,
    work: Work,
    unread_size_max: usize,
    left_over: mpsc::UnboundedSender<Incoming>,
) -> Result<Response<StreamingBody>, Infallible> {
    if request.body().is_end_stream() {
        let response = router.oneshot(request.map(|_| Body::empty())).await?;
        return Ok(response.map(|body| StreamingBody { body, _work: work }));
    }
    let expects = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let unread = Unread::new(body);
    let mut response =
        router.oneshot(Request::from_parts(parts, Body::new(unread.clone()))).await?;
    if let Some((rest, was_asked_for)) = unread.take() {
        // Reading on would send 100 Continue, and so ask for a body that is not wanted.
        let was_held_back = expects && !was_asked_for;
        if was_held_back || rest.size_hint().lower() > unread_size_max as u64 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if !was_held_back {
            // The receiver is gone if the connection is being dropped.
            let _ = left_over.send(rest);
        }
    }
    Ok(response.map(|body| StreamingBody { body, _work: work }))
}

/// The body of an answer; its request is in progress until it is dropped.
struct StreamingBody {
    body: Body,
    _work: Work,
}

impl HttpBody for StreamingBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
