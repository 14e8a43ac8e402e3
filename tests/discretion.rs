//! Checks what servers log against what callers sent: no body, token or address may be in a log.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use serde_json::Value;

use crate::harness::{MASTER_KEY, SECRET};

/// The address of the tests' callers, which differs from those of the servers.
pub const CALLERS_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 77, 0, 1));

/// Shorter texts may be in a log by chance, and are only looked for as a whole quoted value.
const UNMISTAKABLE_LENGTH: usize = 12;

/// The values of these fields may be logged.
const NAMES_OF_THINGS: [&str; 3] = ["id", "type", "kind"];

static NOTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes what must not be logged.
pub fn note(secret: &str) {
    NOTED.lock().unwrap().insert(secret.to_owned());
}

/// Notes the texts in a request's body.
pub fn note_body(request: &reqwest::Request) {
    let Some(body) = request.body().and_then(reqwest::Body::as_bytes) else { return };
    match serde_json::from_slice(body) {
        Ok(body) => note_texts("", &body),
        Err(_) => {
            for (name, value) in url::form_urlencoded::parse(body) {
                note_texts(&name, &Value::String(value.into_owned()));
            }
        }
    }
}

fn note_texts(name: &str, value: &Value) {
    match value {
        Value::String(text) if !NAMES_OF_THINGS.contains(&name) => note(text),
        Value::Array(values) => values.iter().for_each(|value| note_texts(name, value)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| note_texts(name, value)),
        _ => {}
    }
}

/// Fails if a log contains something that callers sent, or their address.
#[track_caller]
pub fn check(log: &str) {
    for line in log.lines() {
        let found = indiscretion(line);
        assert!(found.is_none(), "the server logged {found:?}: {line}");
    }
}

fn indiscretion(line: &str) -> Option<String> {
    let from = CALLERS_ADDRESS.to_string();
    let always = [from.as_str(), "Bearer ", "eyJ", SECRET, MASTER_KEY];
    if let Some(found) = always.into_iter().find(|text| line.contains(text)) {
        return Some(found.to_owned());
    }
    if let Some(address) =
        line.split(['"', ' ', ',', '<', '>', '(', ')']).find(|word| is_email(word))
    {
        return Some(address.to_owned());
    }
    let noted = NOTED.lock().unwrap();
    noted.iter().find(|text| is_logged(text, line)).cloned()
}

/// Whether a line contains a text as the log writes it, or quoted within another text.
fn is_logged(text: &str, line: &str) -> bool {
    let quoted = Value::from(text).to_string();
    let inside = &quoted[1..quoted.len() - 1];
    if text.is_empty() {
        false
    } else if text.len() < UNMISTAKABLE_LENGTH {
        line.contains(&quoted) || line.contains(&format!("\\\"{inside}\\\""))
    } else {
        line.contains(inside) || line.contains(text)
    }
}

/// A user and password in a server's URL counts as one, too.
fn is_email(word: &str) -> bool {
    let Some((local, host)) = word.split_once('@') else { return false };
    local.ends_with(|c: char| c.is_alphanumeric()) && host.starts_with(char::is_alphanumeric)
}

#[test]
fn bodies_tokens_and_addresses_are_found_in_a_log() {
    note("a-token-that-was-issued");
    note_texts("", &serde_json::json!({ "data": { "type": "messages", "content": "howdy" } }));
    note_texts("text", &"one \"quoted\" line\nand another".into());
    for line in [
        r#"{"message":"refused a-token-that-was-issued"}"#,
        r#"{"authorization":"Bearer x"}"#,
        r#"{"message":"a token","token":"eyJhbGciOiJub25lIn0"}"#,
        r#"{"text":"howdy"}"#,
        r#"{"message":"{\"content\":\"howdy\"}"}"#,
        r#"{"text":"one \"quoted\" line\nand another"}"#,
        r#"{"peer":"127.77.0.1:40312"}"#,
        r#"{"user":"ann@example.com"}"#,
        r#"{"url":"postgres://ann:secret@localhost/db"}"#,
    ] {
        assert!(indiscretion(line).is_some(), "{line}");
    }
    for line in [
        r#"{"message":"listening","address":"127.0.0.1:8080"}"#,
        r#"{"message":"howdy-doody is a part of another word","projection":"messages"}"#,
        r#"{"message":"connecting to nats://********@one"}"#,
    ] {
        assert_eq!(indiscretion(line), None, "{line}");
    }
}
