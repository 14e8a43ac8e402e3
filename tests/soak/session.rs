//! One user's requests. A command is repeated with its idempotency key, on any node that answers,
//! until its outcome is known.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;
use reqwest::Method;
use serde_json::Value;

use crate::commands::{Kind, Outcome, Sent};
use crate::ledger::{Account, NODES};
use crate::load::Load;

/// A fault and what follows it last a fraction of this.
const CLEAR_WITHIN: Duration = Duration::from_secs(240);

pub struct Session {
    pub load: Arc<Load>,
    pub account: Arc<Account>,
    pub user: usize,
    pub random: StdRng,
    /// The prefix of its keys and names.
    pub name: String,
    pub count: u64,
}

pub struct Ask {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

impl Ask {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: None }
    }

    pub fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// An answer that is neither "try again" nor a failure of the server.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub node: usize,
}

pub struct Reply {
    pub key: String,
    pub outcome: Outcome,
    pub answer: Answer,
}

impl Reply {
    pub fn is_acknowledged(&self) -> bool {
        self.outcome == Outcome::Acknowledged
    }

    pub fn may_be_recorded(&self) -> bool {
        self.outcome != Outcome::Refused
    }
}

impl Session {
    pub fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    pub fn any_node(&mut self) -> usize {
        self.random.random_range(0..NODES)
    }

    /// A unique name.
    pub fn new_name(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.name, self.count)
    }

    /// Sends a command until its outcome is clear.
    pub async fn command(&mut self, kind: Kind, ask: Ask) -> Reply {
        let key = self.new_name();
        self.command_with(kind, ask, key).await
    }

    /// The same with a key that the caller has noted.
    pub async fn command_with(&mut self, kind: Kind, ask: Ask, key: String) -> Reply {
        let (mut node, mut is_first) = (self.any_node(), true);
        let started = Instant::now();
        let mut is_told = false;
        let answer = loop {
            let position = Some(self.account.newest());
            if let Some(answer) = self.ask(node, self.user, &ask, position, Some(&key)).await {
                break answer;
            }
            is_first = false;
            self.load.counts.repeated.fetch_add(1, Ordering::Relaxed);
            if started.elapsed() > CLEAR_WITHIN && !is_told {
                is_told = true;
                let how_long = CLEAR_WITHIN.as_secs();
                self.load.find(format!("the outcome of {key} is not clear after {how_long} s"));
            }
            tokio::time::sleep(Duration::from_millis(self.random.random_range(50..300))).await;
            node = self.any_node();
        };
        let outcome = match answer.status {
            200..300 => Outcome::Acknowledged,
            _ if is_first => Outcome::Refused,
            _ => Outcome::RefusedLater,
        };
        if outcome == Outcome::Acknowledged {
            self.load.counts.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        self.load.note(Sent { key: key.clone(), kind, outcome });
        Reply { key, outcome, answer }
    }

    /// Repeats the request until there is an answer, some ten times at most.
    pub async fn query(
        &mut self,
        node: usize,
        user: usize,
        path: &str,
        position: Option<i64>,
    ) -> Option<Answer> {
        let ask = Ask::new(Method::GET, path);
        for _ in 0..10 {
            let answer = self.ask(node, user, &ask, position, None).await;
            if answer.is_some() {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(self.random.random_range(100..500))).await;
        }
        None
    }

    /// `None` means: try again.
    async fn ask(
        &self,
        node: usize,
        user: usize,
        ask: &Ask,
        position: Option<i64>,
        key: Option<&str>,
    ) -> Option<Answer> {
        let url = format!("{}{}", self.load.urls[node], ask.path);
        let request = self.load.client.request(ask.method.clone(), url);
        let mut request = request.bearer_auth(&self.account.people[user].token);
        if let Some(position) = position {
            request = request.header("Colloquy-Position", position);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let told = response.headers().get("colloquy-position").cloned();
        let text = response.text().await.ok()?;
        if matches!(status, 408 | 429 | 503) {
            return None;
        }
        if status >= 500 {
            self.load.find(format!("{} {} answered {status}: {text}", ask.method, ask.path));
            return None;
        }
        if let Some(told) = told.and_then(|told| told.to_str().ok()?.parse().ok()) {
            self.check_position(ask, status, position, told);
        }
        self.load.counts.answers.fetch_add(1, Ordering::Relaxed);
        Some(Answer { status, body: serde_json::from_str(&text).unwrap_or_default(), node })
    }

    fn check_position(&self, ask: &Ask, status: u16, sent: Option<i64>, told: i64) {
        if (200..300).contains(&status) && sent.is_some_and(|sent| told < sent) {
            self.load.find(format!("{} was sent {sent:?} and tells {told}", ask.path));
        }
        self.account.was_told(told);
    }
}
