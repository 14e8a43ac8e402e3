//! A cheap client, because it shares the cores with what it measures: requests are bytes prepared
//! in advance, and of a response only status and length are read.

use std::net::SocketAddr;

use domain::AccountId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub struct Response<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Response<'_> {
    /// The id in the response's body; 0 if there is none.
    pub fn id(&self) -> i64 {
        let body: serde_json::Value = serde_json::from_slice(self.body).unwrap_or_default();
        ["/id", "/payload/id"].iter().find_map(|at| body.pointer(at)?.as_i64()).unwrap_or(0)
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![0; 64 * 1024] }
    }

    /// Sends a whole request and reads the whole response.
    pub async fn send(&mut self, request: &[u8]) -> Response<'_> {
        self.stream.write_all(request).await.unwrap();
        let (mut filled, mut expected) = (0, None);
        let (status, head) = loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            let read = self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            expected = expected.or_else(|| parse_head(&self.buffer[..filled]));
            match expected {
                Some((status, head, body)) if filled >= head + body => break (status, head),
                _ => {}
            }
        };
        Response { status, body: &self.buffer[head..filled] }
    }
}

/// Status, length of the head, length of the body; `None` while the head is incomplete.
fn parse_head(response: &[u8]) -> Option<(u16, usize, usize)> {
    let end = response.windows(4).position(|part| part == b"\r\n\r\n")?;
    let status = number(&response[9..]).expect("a status line has a status");
    let length = response[..end].split(|byte| *byte == b'\n').find_map(|line| {
        let name = b"content-length: ";
        let named = line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name);
        named.then(|| number(&line[name.len()..]))?
    });
    // Without a length there is no body: the server does not chunk responses that it has complete.
    Some((status as u16, end + 4, length.unwrap_or(0) as usize))
}

fn number(text: &[u8]) -> Option<i64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[..digits]).ok()?.parse().ok()
}

/// A caller with a token.
pub struct User {
    token: String,
}

impl User {
    pub fn member(uid: String) -> Self {
        Self::with_role(uid, api::token::Role::Member)
    }

    pub fn agent(uid: String) -> Self {
        Self::with_role(uid, api::token::Role::Agent)
    }

    /// The host system.
    pub fn service() -> Self {
        Self::with_role("host".to_owned(), api::token::Role::Service)
    }

    fn with_role(uid: String, role: api::token::Role) -> Self {
        let (exp, iat, name, account) = (4e9, None, None, 1);
        let claims =
            api::token::Claims { sub: uid, exp, iat, name, account: AccountId::new(account), role };
        let rules = api::token::Rules::default();
        Self { token: api::token::issue(super::server::SECRET, &claims, &rules).unwrap() }
    }

    pub fn request(&self, method: &str, path: &str) -> Vec<u8> {
        self.request_with(method, path, "")
    }

    /// With a JSON body.
    pub fn request_with(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let (token, length) = (&self.token, body.len());
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             {kind}Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    pub fn post_message(&self, conversation: i64) -> Vec<u8> {
        let text = "Shall we meet at ten, or would the afternoon suit you better?";
        let path = format!("/api/apps/{conversation}/messages");
        self.request_with("POST", &path, &format!(r#"{{"text":"{text}"}}"#))
    }

    /// Pinned and unpinned again, so that each request changes something.
    pub fn pin_and_unpin(&self, conversation: i64) -> [Vec<u8>; 2] {
        let path = format!("/api/conversations/{conversation}/pin");
        [self.request("PUT", &path), self.request("DELETE", &path)]
    }
}
