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

/// How often a connection that is told to close looks whether it waits for a request.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Bytes of a request's first line and headers together; the longest URI is half of it. A
/// connection keeps no more of what is not asked for yet.
pub(super) const HEAD_SIZE_MAX: usize = 128 * 1024;

/// Stands for no time: a request is under way.
const UNDER_WAY: u64 = u64::MAX;

/// What others know of a connection and can ask of it.
pub(super) struct Connection {
    /// When it was opened or its last request was answered.
    answered_ms: AtomicU64,
    /// Whether some of that answer waits for the other side to read.
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

    /// How long it has waited for a request, unless one is under way. An answer that is read slowly
    /// is under way as long as one that is not read at all.
    fn waits_for(&self) -> Option<Duration> {
        let answered = self.answered_ms.load(Ordering::Relaxed);
        if answered == UNDER_WAY {
            return None;
        }
        let waited = Duration::from_millis(now_ms().saturating_sub(answered));
        let is_sent = !self.unread.load(Ordering::Relaxed) || waited >= self.write_timeout;
        is_sent.then_some(waited)
    }

    /// The same for one that was not told to close yet.
    pub(super) fn could_close_after(&self) -> Option<Duration> {
        self.waits_for().filter(|_| !self.close.is_cancelled())
    }

    pub(super) fn set_unread(&self, unread: bool) {
        self.unread.store(unread, Ordering::Relaxed);
    }

    /// Asks it to close once the request that is under way is answered.
    pub(super) fn close(&self) {
        self.close.cancel();
    }

    fn work(self: &Arc<Self>) -> Work {
        self.answered_ms.store(UNDER_WAY, Ordering::Relaxed);
        Work(self.clone())
    }
}

/// A request under way: from its last header until the end of its answer is handed to the
/// connection.
struct Work(Arc<Connection>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.answered_ms.store(now_ms(), Ordering::Relaxed);
    }
}

fn now_ms() -> u64 {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    // Half a billion years fit.
    STARTED.elapsed().as_millis() as u64
}

/// Serves a connection to its end. It spawns nothing: when the task is dropped, all of it is.
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
    // Beside the connection: its answer goes out while the rest of the body comes in.
    let mut discarding = pin!(async {
        while let Some(body) = left_over.recv().await {
            let rest = discard(body, settings.unread_size_max);
            let _ = tokio::time::timeout(settings.unread_timeout, rest).await;
        }
    });
    let first_request =
        tokio::time::timeout(settings.first_request_timeout, connection.first_request.cancelled());
    // However a connection ends, the other side knows it; there is no one else to tell.
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

/// Hands a request to the router, and what the router left of its body to who discards it. Without
/// that, the connection would be reset under a client that still sends, before it has read why it
/// is refused.
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
        // Reading would be answered with 100 Continue, and so invite a body that is not wanted.
        let was_held_back = expects && !was_asked_for;
        if was_held_back || rest.size_hint().lower() > unread_size_max as u64 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if !was_held_back {
            // The receiver is gone when the connection is being dropped.
            let _ = left_over.send(rest);
        }
    }
    Ok(response.map(|body| StreamingBody { body, _work: work }))
}

/// An answer's body, which is under way until it is dropped.
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
