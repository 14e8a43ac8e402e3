//! Callers who hold connections and send nothing, or half of something.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Installation, Server};

async fn connect(server: &Server, sent: &str) -> TcpStream {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.expect("an answer, not a reset"));
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn strangers_take_no_more_descriptors_than_there_are_and_keep_nobody_out() {
    let installation = Installation::new().await;
    // 12 for the pool, 64 for the rest: 74 are left.
    let server = installation.start_with_open_files(150);
    let mut strangers = Vec::new();
    for n in 0..160 {
        strangers.push(connect(&server, ["", "GET /healthz HTTP/1.1\r\nhost: x\r\n"][n % 2]).await);
    }
    server.caller("ann").arrive().await;
    assert!(!server.log().contains("cannot be accepted"), "{}", server.log());
}

#[tokio::test]
async fn half_a_request_does_not_keep_it_from_stopping() {
    let server = Server::fresh().await;
    let _headers = connect(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\n").await;
    server.caller("ann").arrive().await;
    let started = Instant::now();
    assert_eq!(server.interrupt(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn half_a_body_has_an_end() {
    let server = Installation::new().await.start_with(&["--request-timeout-s", "1"]);
    let ann = server.caller("ann");
    let sent = format!(
        "POST /api/conversations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        ann.token
    );
    let mut stream = connect(&server, &sent).await;
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_refusal_can_be_read_before_the_body_is_sent() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    let bearer = format!("authorization: Bearer {}\r\n", ann.token);
    let length = 3 * 1024 * 1024;
    for (method, path, authorization, status) in [
        ("POST", "/api/nothing", &*bearer, 404),
        ("PATCH", "/api/conversations", &*bearer, 405),
        ("POST", "/api/conversations", "", 401),
        ("POST", "/api/conversations", &*bearer, 413),
    ] {
        let head_of_request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\n{authorization}\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut stream = connect(&server, &head_of_request).await;
        // Writing must not fail either, even if the answer comes before the whole body is sent.
        for _ in 0..length / 4096 {
            stream.write_all(&[b' '; 4096]).await.expect("no broken pipe");
        }
        let answer = head(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
    }
}
