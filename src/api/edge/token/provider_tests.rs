//! An identity provider that answers, fails, hangs, sends garbage or changes its keys.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::authenticator::Keys;
use super::fetch::{ANSWER_WITHIN, Pace};
use super::keys::{PATIENCE, parse};
use super::*;

/// After a successful fetch, only an unknown key causes another one within a test.
const SELDOM: Pace =
    Pace { every: Duration::from_secs(50), retry_after: Duration::from_millis(10) };
const OFTEN: Pace =
    Pace { every: Duration::from_millis(10), retry_after: Duration::from_millis(10) };

const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJiKx8fsoBJlSqlcWwcDfithpyNQl7tG+LxfxKp/iHAh
-----END PRIVATE KEY-----";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

fn signed_with(kid: &str) -> String {
    signatures::use_ring();
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    let key = EncodingKey::from_ed_pem(PRIVATE_KEY.as_bytes()).unwrap();
    jsonwebtoken::encode(&header, &json!({"sub": "ann", "exp": 4_000_000_000_i64}), &key).unwrap()
}

fn public_key(kid: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": kid,
        "x": "z5STuVi8A6EVvCTJsD0xLCHIjQyfDD5-2Ky7B6jNEH0"})
}

#[derive(Clone)]
enum Reply {
    /// A key set with the one key under each of these ids.
    Keys(&'static [&'static str]),
    Text(String),
    Status(StatusCode),
    Redirect(String),
    Never,
}

impl Reply {
    async fn give(self) -> Response {
        match self {
            Self::Keys(names) => {
                let keys: Vec<Value> = names.iter().map(|kid| public_key(kid)).collect();
                json!({ "keys": keys }).to_string().into_response()
            }
            Self::Text(text) => text.into_response(),
            Self::Status(status) => status.into_response(),
            Self::Redirect(url) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
            Self::Never => std::future::pending().await,
        }
    }
}

struct Provider {
    url: String,
    answer: Arc<Mutex<Reply>>,
    asked: watch::Sender<u32>,
}

impl Provider {
    async fn start(answer: Reply) -> Self {
        let answer = Arc::new(Mutex::new(answer));
        let asked = watch::Sender::new(0);
        let (given, counted) = (answer.clone(), asked.clone());
        let keys = axum::routing::get(async move || {
            counted.send_modify(|count| *count += 1);
            let answer = given.lock().unwrap().clone();
            answer.give().await
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/keys", keys);
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, answer, asked }
    }

    fn answer(&self, answer: Reply) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> u32 {
        *self.asked.borrow()
    }

    /// Waits for two more fetches: once the second begins, the result of the first is published.
    async fn asked_twice_more(&self) {
        let wanted = self.asked() + 2;
        let mut asked = self.asked.subscribe();
        let reached = asked.wait_for(|count| *count >= wanted);
        timeout(Duration::from_secs(5), reached).await.expect("it is asked").unwrap();
    }

    /// An authenticator with the provider's keys, fetched at this pace.
    fn authenticator(&self, pace: Pace) -> Authenticator {
        let authenticator = Authenticator::at_pace(&self.url, Rules::default(), pace).unwrap();
        tokio::spawn(authenticator.clone().keep_keys(CancellationToken::new()));
        authenticator
    }
}

async fn refusal(authenticator: &Authenticator, token: &str) -> Option<Refusal> {
    authenticator.verify(token, now()).await.err()
}

#[tokio::test]
async fn keys_are_fetched_and_kept_and_an_unknown_one_is_asked_for_once_a_minute() {
    let provider = Provider::start(Reply::Keys(&["one"])).await;
    let authenticator = provider.authenticator(SELDOM);
    let good = signed_with("one");
    assert_eq!(authenticator.verify(&good, now()).await.unwrap().sub, "ann");
    assert_eq!(refusal(&authenticator, &good).await, None);
    assert_eq!(provider.asked(), 1);
    for name in ["two", "three", "two"] {
        let refused = refusal(&authenticator, &signed_with(name)).await;
        assert_eq!(refused, Some(Refusal::KeyUnknown), "{name}");
    }
    assert_eq!(provider.asked(), 2);
    // The algorithm comes from the key, not from the token.
    let key = EncodingKey::from_secret(&[7; 32]);
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
    let other = jsonwebtoken::encode(&header, &json!({"sub": "ann"}), &key).unwrap();
    assert_eq!(refusal(&authenticator, &other).await, Some(Refusal::Signature));
}

#[tokio::test]
async fn all_who_come_first_with_a_new_key_are_answered_well() {
    let provider = Provider::start(Reply::Keys(&["one"])).await;
    let authenticator = provider.authenticator(SELDOM);
    assert_eq!(refusal(&authenticator, &signed_with("one")).await, None);
    provider.answer(Reply::Keys(&["one", "two"]));
    let token = signed_with("two");
    let refusals = join_all((0..16).map(|_| refusal(&authenticator, &token))).await;
    assert_eq!((refusals, provider.asked()), (vec![None; 16], 2));
}

#[tokio::test]
async fn a_withdrawn_key_stops_working_when_the_set_is_fetched_again() {
    let provider = Provider::start(Reply::Keys(&["one", "two"])).await;
    let authenticator = provider.authenticator(OFTEN);
    let (withdrawn, kept) = (signed_with("one"), signed_with("two"));
    for token in [&withdrawn, &kept] {
        assert_eq!(refusal(&authenticator, token).await, None);
    }
    provider.answer(Reply::Keys(&["two"]));
    provider.asked_twice_more().await;
    assert_eq!(refusal(&authenticator, &withdrawn).await, Some(Refusal::KeyUnknown));
    assert_eq!(refusal(&authenticator, &kept).await, None);
    // By default the next fetch completes within a minute.
    assert!(Pace::default().every + ANSWER_WITHIN < Duration::from_secs(60));
}

#[tokio::test]
async fn a_provider_that_is_gone_withdraws_nothing_and_its_keys_grow_old() {
    let provider = Provider::start(Reply::Keys(&["one"])).await;
    let authenticator = provider.authenticator(OFTEN);
    let token = signed_with("one");
    assert_eq!(refusal(&authenticator, &token).await, None);
    provider.answer(Reply::Status(StatusCode::BAD_GATEWAY));
    provider.asked_twice_more().await;
    let gone = Instant::now();
    provider.asked_twice_more().await;
    assert_eq!(refusal(&authenticator, &token).await, None);
    let Keys::Set(fetch) = &authenticator.keys else { unreachable!("made from a URL") };
    assert!(fetch.keys.age().unwrap() >= gone.elapsed());
}

#[tokio::test]
async fn before_the_first_answer_nothing_is_held_against_a_token() {
    let provider = Provider::start(Reply::Status(StatusCode::NOT_FOUND)).await;
    let authenticator = provider.authenticator(SELDOM);
    let token = signed_with("one");
    assert_eq!(refusal(&authenticator, &token).await, Some(Refusal::KeysMissing));
    provider.answer(Reply::Keys(&["one"]));
    let Keys::Set(fetch) = &authenticator.keys else { unreachable!("made from a URL") };
    timeout(Duration::from_secs(5), fetch.keys.fetched()).await.expect("it is asked again");
    assert_eq!(refusal(&authenticator, &token).await, None);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_stalls_nobody() {
    let provider = Provider::start(Reply::Keys(&["one"])).await;
    let authenticator = provider.authenticator(OFTEN);
    assert_eq!(refusal(&authenticator, &signed_with("one")).await, None);
    provider.answer(Reply::Never);
    provider.asked.subscribe().changed().await.unwrap();
    let known = timeout(PATIENCE / 2, refusal(&authenticator, &signed_with("one"))).await;
    assert_eq!(known, Ok(None));
    // The waits run concurrently, and end before a slow provider's answer.
    let unknown = (0..16).map(|_| async { refusal(&authenticator, &signed_with("two")).await });
    let refusals = timeout(PATIENCE * 2, join_all(unknown)).await;
    assert_eq!(refusals, Ok(vec![Some(Refusal::KeyUnknown); 16]));
}

#[tokio::test]
async fn only_a_key_set_of_the_provider_itself_is_taken() {
    let good = Provider::start(Reply::Keys(&["one"])).await;
    let spaces = " ".repeat(300_000);
    for answer in [
        Reply::Redirect(good.url.clone()),
        Reply::Text(format!("{{\"keys\":[{}]{spaces}}}", public_key("one"))),
        Reply::Text("<html>".to_owned()),
        Reply::Text(json!({"keys": {"one": public_key("one")}}).to_string()),
    ] {
        let provider = Provider::start(answer).await;
        let authenticator = provider.authenticator(OFTEN);
        provider.asked_twice_more().await;
        let refused = refusal(&authenticator, &signed_with("one")).await;
        assert_eq!(refused, Some(Refusal::KeysMissing));
    }
    assert_eq!(good.asked(), 0);
}

#[test]
fn keys_that_are_meant_for_something_else_are_not_used() {
    let with = |name: &str, value: Value| {
        let mut key = public_key("other");
        key[name] = value;
        key
    };
    let unusable = [
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("key_ops", json!([])),
        with("alg", json!("ES256")),
        with("alg", json!("something new")),
        with("kty", json!("something new")),
        with("kid", json!(5)),
        json!({"kty": "oct", "k": "AAAA", "kid": "other"}),
        json!("no key"),
    ];
    for other in unusable {
        let set = json!({"keys": [other, public_key("one")]}).to_string();
        let keys = parse(set.as_bytes()).unwrap();
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["one"], "{other}");
    }
    for (name, value) in
        [("use", json!("sig")), ("key_ops", json!(["sign", "verify"])), ("alg", json!("EdDSA"))]
    {
        let set = json!({"keys": [with(name, value)]}).to_string();
        assert_eq!(parse(set.as_bytes()).unwrap().len(), 1, "{name}");
    }
}
