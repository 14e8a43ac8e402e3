use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connection::HEAD_SIZE_MAX;
use super::{Settings, serve};

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// Each permit answers one request to `/work`.
    gate: Arc<Semaphore>,
    /// One permit per request to `/work` that has arrived.
    arrived: Arc<Semaphore>,
}

const KIB: usize = 1024;
/// More than the operating system buffers for a client that does not read.
const LARGE_SIZE: usize = 32 * KIB * KIB;

async fn start(settings: Settings) -> Running {
    let (gate, arrived) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (waits_for, arrives) = (gate.clone(), arrived.clone());
    let work = async move || {
        arrives.add_permits(1);
        waits_for.acquire().await.unwrap().forget();
        "done"
    };
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/read", post(async |body: Bytes| body.len().to_string()))
        .route("/refuse", post(async || StatusCode::FORBIDDEN))
        .route("/large", get(async || vec![b'x'; LARGE_SIZE]))
        .route("/work", get(work))
        .layer(DefaultBodyLimit::max(KIB));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, settings, stop.clone()));
    Running { address, stop, task, gate, arrived }
}

impl Running {
    /// A connection that has sent these bytes.
    async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    async fn work_has_arrived(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }
}

/// Everything up to the end of the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Everything up to and including a text.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const WORK: &str = "GET /work HTTP/1.1\r\nhost: x\r\n\r\n";
const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn who_sends_no_whole_request_is_closed() {
    let server = start(Settings { first_request_timeout: SHORT, ..Settings::default() }).await;
    for sent in ["", "GET / HTTP/1.1\r\nhost: x\r\nhalf"] {
        assert_eq!(rest(&mut server.send(sent).await).await, "", "{sent:?}");
    }
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let server = start(Settings::default()).await;
    let long = "x".repeat(HEAD_SIZE_MAX);
    let answered = rest(&mut server.send(&format!("GET / HTTP/1.1\r\nx: {long}")).await).await;
    assert!(answered.starts_with("HTTP/1.1 431"), "{answered}");
}

#[tokio::test]
async fn a_connection_without_a_next_request_is_closed() {
    let server = start(Settings { next_request_timeout: SHORT, ..Settings::default() }).await;
    for sent in [GET.to_owned(), format!("{GET}GET / HT")] {
        let answered = rest(&mut server.send(&sent).await).await;
        assert!(answered.ends_with("here"), "{answered}");
    }
}

#[tokio::test]
async fn a_request_may_take_longer_than_the_next_one_may_keep_waiting() {
    let settings = Settings {
        first_request_timeout: SHORT,
        next_request_timeout: SHORT,
        ..Settings::default()
    };
    let server = start(settings).await;
    let mut stream = server.send(WORK).await;
    server.work_has_arrived().await;
    tokio::time::sleep(2 * SHORT).await;
    server.gate.add_permits(1);
    assert!(rest(&mut stream).await.ends_with("done"));
}

const LARGE: &str = "GET /large HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn an_answer_that_is_not_read_is_given_up() {
    let server = start(Settings { write_timeout: SHORT, ..Settings::default() }).await;
    let mut stream = server.send(LARGE).await;
    until(&mut stream, "\r\n\r\n").await;
    server.stop.cancel();
    server.task.await.unwrap();
}

#[tokio::test]
async fn an_answer_is_read_to_its_end_though_the_server_stops() {
    let server = start(Settings::default()).await;
    let mut stream = server.send(LARGE).await;
    until(&mut stream, "\r\n\r\n").await;
    server.stop.cancel();
    // Longer than an idle connection is left open.
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!(rest(&mut stream).await.len(), LARGE_SIZE);
    server.task.await.unwrap();
}

#[tokio::test]
async fn strangers_who_only_hold_connections_make_room() {
    let server = start(Settings { connections_max: 4, ..Settings::default() }).await;
    let mut strangers = Vec::new();
    for n in 0..6 {
        strangers.push(server.send(["", "GET / HT", GET][n % 3]).await);
    }
    let mut stream = server.send(&format!("{GET}{WORK}")).await;
    until(&mut stream, "here").await;
    server.work_has_arrived().await;
    server.gate.add_permits(1);
    until(&mut stream, "done").await;
}

#[tokio::test]
async fn while_all_are_at_work_the_next_one_waits() {
    let server = start(Settings { connections_max: 2, ..Settings::default() }).await;
    let mut at_work = [server.send(WORK).await, server.send(WORK).await];
    server.work_has_arrived().await;
    server.work_has_arrived().await;
    let mut third = server.send(GET).await;
    let early = tokio::time::timeout(SHORT, third.read_u8()).await;
    assert!(early.is_err(), "nothing is accepted beyond the limit");
    server.gate.add_permits(2);
    until(&mut third, "here").await;
    for stream in &mut at_work {
        until(stream, "done").await;
    }
}

#[tokio::test]
async fn half_a_request_does_not_keep_it_from_stopping() {
    let server = start(Settings::default()).await;
    let mut half = server.send(&format!("{GET}GET / HT")).await;
    until(&mut half, "here").await;
    let started = Instant::now();
    server.stop.cancel();
    server.task.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_is_at_work_is_answered_before_it_stops() {
    let server = start(Settings::default()).await;
    let mut stream = server.send(WORK).await;
    server.work_has_arrived().await;
    server.stop.cancel();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.gate.add_permits(1);
    assert!(rest(&mut stream).await.ends_with("done"));
    server.task.await.unwrap();
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off_when_it_stops() {
    let server = start(Settings { shutdown_timeout: SHORT, ..Settings::default() }).await;
    let mut stream = server.send(WORK).await;
    server.work_has_arrived().await;
    server.stop.cancel();
    server.task.await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

fn post_to(path: &str, length: usize, further: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{further}\r\n")
}

#[tokio::test]
async fn a_refusal_is_read_though_the_body_comes_later_and_the_connection_goes_on() {
    let server = start(Settings::default()).await;
    for (path, status) in [("/refuse", 403), ("/nothing", 404), ("/", 405), ("/read", 413)] {
        let length = 512 * KIB;
        let mut stream = server.send(&post_to(path, length, "")).await;
        let body = vec![b'x'; length / 2];
        stream.write_all(&body).await.unwrap();
        let head = until(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        // The second half is sent once the answer has arrived.
        stream.write_all(&body).await.unwrap();
        stream.write_all(GET.as_bytes()).await.unwrap();
        until(&mut stream, "here").await;
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_is_read_to_its_end_as_well() {
    let server = start(Settings::default()).await;
    let chunked = "POST /refuse HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut stream = server.send(chunked).await;
    until(&mut stream, "\r\n\r\n").await;
    stream.write_all(format!("5\r\nhello\r\n0\r\n\r\n{GET}").as_bytes()).await.unwrap();
    until(&mut stream, "here").await;
}

#[tokio::test]
async fn what_is_too_much_to_read_closes_the_connection_and_says_so() {
    let settings = Settings { unread_size_max: KIB, ..Settings::default() };
    let server = start(settings).await;
    let mut stream = server.send(&post_to("/refuse", 2 * KIB, "")).await;
    let head = until(&mut stream, "\r\n\r\n").await;
    assert!(head.contains("connection: close"), "{head}");
    stream.write_all(&[b'x'; 2 * KIB]).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for() {
    let server = start(Settings { unread_timeout: SHORT, ..Settings::default() }).await;
    let answered = rest(&mut server.send(&post_to("/refuse", 10, "")).await).await;
    assert!(answered.starts_with("HTTP/1.1 403"), "{answered}");
}

#[tokio::test]
async fn a_refused_body_is_not_invited() {
    let server = start(Settings::default()).await;
    let expect = "expect: 100-continue\r\n";
    let answered = rest(&mut server.send(&post_to("/refuse", 10, expect)).await).await;
    assert!(answered.starts_with("HTTP/1.1 403"), "{answered}");
    assert!(answered.contains("connection: close"), "{answered}");
    let mut stream = server.send(&post_to("/read", 2, expect)).await;
    assert_eq!(until(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"ab").await.unwrap();
    assert!(until(&mut stream, "\r\n\r\n2").await.starts_with("HTTP/1.1 200"));
}
