//! The exchanges in the pages of `docs/` are real: they are replayed in order on a fresh server,
//! and the answers must be those of the page, except for ids and times. With `UPDATE_DOCS` set, the
//! answers are written into the page instead.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::harness::Server;

const SHELL: &str = "```sh\n";
const END: &str = "\n```\n";

/// A command, and the answer that follows it.
struct Exchange {
    text_before: String,
    command: String,
    status: String,
    answer: String,
}

/// The exchanges of a page, and the text after the last.
fn exchanges(page: &str) -> (Vec<Exchange>, String) {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(SHELL) {
        let (command, after) = after.split_once(END).unwrap();
        let (mut status, mut answer, mut after_answer) = ("", "", after);
        if let Some(fenced) = after.strip_prefix("\n```json ") {
            let (first_line, body) = fenced.split_once('\n').unwrap();
            let (body, after) = match body.strip_prefix("```\n") {
                Some(after) => ("", after),
                None => body.split_once(END).unwrap(),
            };
            (status, answer, after_answer) = (first_line, body, after);
        }
        found.push(Exchange {
            text_before: before.to_owned(),
            command: command.to_owned(),
            status: status.to_owned(),
            answer: answer.to_owned(),
        });
        rest = after_answer;
    }
    (found, rest.to_owned())
}

/// The ids that the page shows, each with the id of this run that it stands for.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn put_in(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(shown, real))
    }

    /// The answer that the page leads to expect: its ids are replaced by those of this run, which
    /// are learned on the way, and times are taken from the real answer.
    fn translate(&mut self, shown: &Value, real: &Value, name: &str) -> Value {
        match (shown, real) {
            (Value::Object(shown), Value::Object(real)) => shown
                .iter()
                .map(|(name, value)| {
                    (
                        name.clone(),
                        self.translate(value, real.get(name).unwrap_or(&Value::Null), name),
                    )
                })
                .collect(),
            (Value::Array(shown), Value::Array(real)) => {
                let none = Value::Null;
                let pairs = shown.iter().enumerate().map(|(n, one)| (one, real.get(n)));
                pairs.map(|(one, real)| self.translate(one, real.unwrap_or(&none), name)).collect()
            }
            (Value::String(shown), Value::String(real)) if is_id(shown) && is_id(real) => {
                self.0.entry(shown.clone()).or_insert_with(|| real.clone()).clone().into()
            }
            (Value::Number(_), Value::Number(_)) if is_time(name) => real.clone(),
            (Value::String(text), Value::String(other))
                if name.ends_with("_at") && text.len() == other.len() =>
            {
                real.clone()
            }
            (Value::String(shown), _) => self.put_in(shown).into(),
            _ => shown.clone(),
        }
    }
}

fn is_time(name: &str) -> bool {
    name.ends_with("_at") || ["timestamp", "waiting_since"].contains(&name)
}

fn is_id(text: &str) -> bool {
    let base62 = text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    base62 || uuid::Uuid::try_parse(text).is_ok()
}

/// Replays a page as Ann, who has one role; Bob and Cat have another.
async fn replay(page: &str, anns_role: &str, others_role: &str) {
    let server = Server::fresh().await;
    let key = server.key();
    let ann = server.caller_with("ann", 1, anns_role);
    let others = ["bob", "cat"].map(|uid| server.caller_with(uid, 1, others_role));
    for caller in others.iter().chain([&ann]) {
        caller.arrive().await;
    }
    let path = format!("{}/docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (exchanges, rest) = exchanges(&text);
    assert!(!exchanges.is_empty());
    let update = std::env::var("UPDATE_DOCS").is_ok();
    let mut names = Names::default();
    let mut written = String::new();
    for exchange in exchanges {
        let command = names.put_in(&exchange.command);
        let traced = command.replacen("curl ", "curl -w '\\n%{http_code}' ", 1);
        let output = Command::new("sh")
            .args(["-c", &traced])
            .env("URL", &server.url)
            .env("TOKEN", &ann.token)
            .env("KEY", &key.token)
            .output()
            .unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let (body, status) = output.rsplit_once('\n').unwrap();
        let body = body.replace(&server.url, "http://127.0.0.1:8080");
        let real: Value = serde_json::from_str(&body).unwrap_or_default();
        let shown = serde_json::from_str(&exchange.answer).unwrap_or_default();
        let translated = names.translate(&shown, &real, "");
        if update {
            let line_end = if body.is_empty() { "" } else { "\n" };
            written += &exchange.text_before;
            written += &format!("{SHELL}{command}{END}\n```json {status}\n{body}{line_end}```\n");
        } else {
            assert_eq!(status, exchange.status, "{command}: {body}");
            assert_eq!(translated, real, "{command}");
        }
    }
    if update {
        std::fs::write(&path, written + &rest).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protocol_page() {
    replay("protocol.md", "member", "member").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pulse_page() {
    replay("pulse.md", "member", "member").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chatwoot_page() {
    replay("chatwoot.md", "administrator", "agent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_weavy_page() {
    replay("weavy.md", "member", "member").await;
}
