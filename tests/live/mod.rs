//! Live updates: events, typing, presence.

mod events;
mod limits;
mod presence;
mod resuming;
mod typing;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Caller;

/// An open stream of events.
pub struct Listening {
    response: reqwest::Response,
    text: String,
    /// The last event id, kept as the standard asks of a client.
    pub last_event: Option<i64>,
}

/// An event as it was received.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub id: Option<i64>,
    pub data: Value,
}

impl Told {
    pub fn is(&self, event_type: &str) -> bool {
        self.data["type"] == event_type
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Caller {
    /// Begins to listen, after this event if one is given.
    pub async fn listen_from(&self, last_event: Option<i64>) -> Listening {
        let mut request = self.request(Method::GET, "/events");
        if let Some(id) = last_event {
            request = request.header("Last-Event-ID", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut listening = Listening { response, text: String::new(), last_event: None };
        // The first block carries the position where it begins.
        assert_eq!(listening.block().await, Some(None));
        listening
    }

    pub async fn listen(&self) -> Listening {
        self.listen_from(None).await
    }

    pub async fn room(&self, members: &[&str]) -> Value {
        self.create(json!(members)).await
    }
}

impl Listening {
    /// The next block: `None` at the end, `Some(None)` if it only carries a position.
    async fn block(&mut self) -> Option<Option<Told>> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (mut id, mut data) = (None, None);
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", value)) => id = Some(value.parse().unwrap()),
                        Some(("data", value)) => data = serde_json::from_str(value).unwrap(),
                        _ => assert_eq!(line, ":", "in {block}"),
                    }
                }
                self.last_event = id.or(self.last_event);
                self.text = rest.to_owned();
                return Some(data.map(|data| Told { id, data }));
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk());
            let chunk = chunk.await.expect("something is told").ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.block().await? {
                return Some(told);
            }
        }
    }

    /// The events up to and including the first of this type.
    pub async fn up_to(&mut self, event_type: &str) -> Vec<Told> {
        let mut all = Vec::new();
        while !all.last().is_some_and(|told: &Told| told.is(event_type)) {
            all.push(self.next().await.expect("it goes on"));
        }
        all
    }

    /// The types of the events up to the first of this type.
    pub async fn types_up_to(&mut self, event_type: &str) -> Vec<String> {
        let all = self.up_to(event_type).await;
        all.iter().map(|told| told.data["type"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn ended(&mut self) {
        assert_eq!(self.next().await, None);
    }
}
