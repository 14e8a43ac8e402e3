//! PostgreSQL is down, frozen, read-only or blocked: every surface soon answers 503 with
//! Retry-After; a command whose outcome is unknown says so, and can be repeated safely with its
//! idempotency key; recovery needs no operator.

use std::time::Duration;

use embedded::testing::folder;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};

use crate::harness::{Answer, Caller, Installation, Server, send, wait_until};

/// Two seconds are promised; a busy machine is given twice that.
const SOON: Duration = Duration::from_secs(4);

/// Each with the JSON pointer to the reason in its dialect's errors.
const QUERIES: [(&str, &str); 5] = [
    ("/api/conversations", "/detail"),
    ("/v1/groups", "/message"),
    ("/api/v1/chats", "/errors/0/detail"),
    ("/api/v1/accounts/1/conversations", "/error"),
    ("/audit/events", "/error"),
];

struct Outage {
    postgres: embedded::Postgres,
    server: Server,
    ann: Caller,
    /// The path that messages are posted to.
    path: String,
    /// The database's files, which are deleted last.
    _folder: embedded::testing::Folder,
}

impl Outage {
    /// A server on a PostgreSQL of its own, before any outage.
    async fn prepare() -> Self {
        let folder = folder();
        let postgres = embedded::Postgres::start(&folder).await.unwrap();
        let database_url = postgres.url().to_owned();
        let installation = Installation { database_url, ..Installation::new().await };
        let server = installation.start();
        let ann = server.caller_with("ann", 1, "administrator");
        server.caller("bob").arrive().await;
        let chat = ann.create(json!(["bob"])).await;
        let path = format!("/api/apps/{}/messages", chat["id"]);
        Self { postgres, server, ann, path, _folder: folder }
    }

    /// Signals PostgreSQL's first process and those that it has started, each of which leads a
    /// process group of its own.
    fn signal(&self, signal: i32) {
        let first = self.postgres.pid();
        let children = format!("/proc/{first}/task/{first}/children");
        let children = std::fs::read_to_string(children).unwrap();
        let children = children.split_whitespace().map(|pid| pid.parse().unwrap());
        for pid in std::iter::once(first).chain(children) {
            // SAFETY: a plain system call on a process that this test started; one that has just
            // ended is no matter.
            unsafe { libc::kill(pid, signal) };
        }
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(self.postgres.url()).await.unwrap()
    }

    async fn post(&self, text: &str, key: &str) -> Answer {
        let request = self.ann.request(Method::POST, &self.path).json(&json!({ "text": text }));
        let request = request.header("Idempotency-Key", key).timeout(SOON);
        send(request).await
    }

    async fn texts(&self) -> Vec<Value> {
        let page = self.ann.get(&self.path).await.expect(200);
        page["data"].as_array().unwrap().iter().map(|message| message["text"].clone()).collect()
    }

    async fn assert_queries_are_refused(&self) {
        for (path, text) in QUERIES {
            let answer = send(self.ann.request(Method::GET, path).timeout(SOON)).await;
            assert_eq!((path, answer.status.as_u16()), (path, 503));
            assert_eq!(answer.headers["retry-after"], "1", "{path}");
            let text = answer.body.pointer(text).and_then(Value::as_str);
            assert!(text.is_some_and(|text| text.contains("again")), "{path}: {}", answer.body);
        }
        assert_eq!(self.ann.get("/readyz").await.status, 503);
        assert_eq!(self.ann.get("/healthz").await.status, 200);
    }

    async fn wait_for_the_end(&self) {
        wait_until("it is ready again", async || self.ann.get("/readyz").await.status == 200).await;
    }
}

/// The command is under way when PostgreSQL stops answering, so its outcome is unknown.
#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_is_frozen_requests_are_refused_and_a_repeated_command_counts_once() {
    let outage = Outage::prepare().await;
    outage.signal(libc::SIGSTOP);
    let answer = outage.post("hello", "once").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("whether the command was recorded is unknown"), "{detail}");
    outage.assert_queries_are_refused().await;

    outage.signal(libc::SIGCONT);
    outage.wait_for_the_end().await;
    assert_eq!(outage.post("hello", "once").await.status, 200);
    assert_eq!(outage.texts().await, ["hello"]);
    assert_eq!(outage.server.log().matches("requests are refused").count(), 1, "noticed once");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_is_gone_every_surface_says_so() {
    let outage = Outage::prepare().await;
    outage.signal(libc::SIGKILL);
    wait_until("it is noticed", async || outage.ann.get("/readyz").await.status == 503).await;
    outage.assert_queries_are_refused().await;
    assert_eq!(outage.post("hello", "once").await.status, 503);
    let log = outage.server.log();
    assert!(log.contains(r#""reason":"PostgreSQL is unreachable","error":""#), "{log}");
    assert!(!log.contains("sqlx"), "told by the driver too, for each connection: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_is_read_only_requests_are_refused() {
    let outage = Outage::prepare().await;
    let mut operator = outage.connect().await;
    operator.execute("alter system set default_transaction_read_only = on").await.unwrap();
    operator.execute("select pg_reload_conf()").await.unwrap();
    assert_eq!(outage.post("hello", "once").await.status, 503);
    wait_until("it is noticed", async || outage.ann.get("/readyz").await.status == 503).await;
    outage.assert_queries_are_refused().await;

    operator.execute("set default_transaction_read_only = off").await.unwrap();
    operator.execute("alter system reset default_transaction_read_only").await.unwrap();
    operator.execute("select pg_reload_conf()").await.unwrap();
    outage.wait_for_the_end().await;
    assert_eq!(outage.post("hello", "once").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_log_is_locked_commands_are_refused_and_none_of_them_is_lost_or_doubled() {
    let outage = Outage::prepare().await;
    let mut blocker = outage.connect().await;
    blocker.execute("begin; select * from log_head for update").await.unwrap();
    let texts = ["one", "two", "three"];
    let answers = futures::future::join_all(texts.map(|text| outage.post(text, text))).await;
    for answer in answers {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.headers["retry-after"], "1");
    }
    outage.assert_queries_are_refused().await;

    blocker.execute("rollback").await.unwrap();
    outage.wait_for_the_end().await;
    for text in texts {
        assert_eq!(outage.post(text, text).await.status, 200);
    }
    let mut found = outage.texts().await;
    found.sort_by_key(|text| texts.iter().position(|known| text == known));
    assert_eq!(found, texts);
}
