//! Many concurrent callers, each of whom checks what they see after everything they do: whatever
//! the others do meanwhile, no look shows half of an event, and none is older than what the caller
//! was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Installation, Server, send};

const CALLERS: usize = 32;
const STORM: Duration = Duration::from_secs(30);

/// The newest message of each conversation that was acknowledged to anyone.
type Acknowledged = Arc<Mutex<BTreeMap<i64, i64>>>;

#[tokio::test(flavor = "multi_thread")]
async fn every_look_in_a_storm_is_whole() {
    let installation = Installation::new().await;
    let server = installation.start();
    storm(vec![server]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_look_in_a_storm_over_two_nodes_reflects_the_position_that_was_sent() {
    let installation = Installation::new().await;
    let first = installation.start();
    let second = installation.start();
    storm(vec![first, second]).await;
}

/// Every caller is in a room of all, in a room of a few, in a large room, and in private chats with
/// two others.
async fn storm(nodes: Vec<Server>) {
    let uid = |n: usize| format!("caller-{n}");
    let key = nodes[0].key();
    for n in 0..CALLERS {
        nodes[0].caller(&uid(n)).arrive().await;
    }
    let mut crowd: Vec<String> = (0..CALLERS).map(uid).collect();
    for n in 0..80 {
        let path = format!("/api/users/listener-{n}");
        key.put_json(&path, json!({ "name": format!("Listener {n}") })).await.expect(200);
        crowd.push(format!("listener-{n}"));
    }
    let everyone: Vec<String> = (0..CALLERS).map(uid).collect();
    let mut conversations: Vec<Vec<i64>> = vec![vec![]; CALLERS];
    let first = nodes[0].caller(&uid(0));
    for members in [&everyone, &crowd] {
        let room = first.create(json!(members)).await["id"].as_i64().unwrap();
        conversations.iter_mut().for_each(|own| own.push(room));
    }
    for n in 0..CALLERS {
        let other = (n + 1) % CALLERS;
        let chat = nodes[0].caller(&uid(n)).create(json!([uid(other)])).await["id"].as_i64();
        conversations[n].push(chat.unwrap());
        conversations[other].push(chat.unwrap());
    }
    let acknowledged = Acknowledged::default();
    let mut tasks = tokio::task::JoinSet::new();
    for (n, own) in conversations.into_iter().enumerate() {
        let looker = Looker {
            uid: uid(n),
            nodes: nodes.iter().map(|node| node.caller(&uid(n))).collect(),
            conversations: own,
            position: None,
            own: BTreeMap::new(),
            acknowledged: acknowledged.clone(),
            random: StdRng::seed_from_u64(n as u64),
        };
        tasks.spawn(looker.run());
    }
    let mut looks = 0;
    while let Some(task) = tasks.join_next().await {
        looks += task.unwrap();
    }
    assert!(looks > CALLERS * 5, "only {looks} looks: the storm stood still");
}

struct Looker {
    uid: String,
    nodes: Vec<Caller>,
    conversations: Vec<i64>,
    /// The newest position that the caller was told; sent to whichever node is asked next.
    position: Option<String>,
    /// The newest messages that were acknowledged to this caller.
    own: BTreeMap<i64, i64>,
    acknowledged: Acknowledged,
    random: StdRng,
}

impl Looker {
    async fn run(mut self) -> usize {
        let started = Instant::now();
        let mut looks = 0;
        while started.elapsed() < STORM {
            let conversation =
                self.conversations[self.random.random_range(0..self.conversations.len())];
            self.act(conversation).await;
            self.look_at_one(conversation).await;
            self.look_at_all().await;
            looks += 1;
        }
        looks
    }

    async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Value {
        let node = &self.nodes[self.random.random_range(0..self.nodes.len())];
        let mut request = node.request(method, path);
        if let Some(position) = &self.position {
            request = request.header("Colloquy-Position", position);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = send(request).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.body);
        let told = answer.headers["colloquy-position"].to_str().unwrap().to_owned();
        let number = |text: &str| text.parse::<i64>().unwrap();
        if let Some(sent) = &self.position {
            assert!(number(&told) >= number(sent), "{path} was told {sent} and answers {told}");
        }
        self.position = Some(told);
        answer.body
    }

    async fn act(&mut self, conversation: i64) {
        match self.random.random_range(0..10) {
            0..4 => {
                let path = format!("/api/apps/{conversation}/messages");
                let posted = self.ask(Method::POST, &path, Some(json!({ "text": "hi" }))).await;
                let id = posted["id"].as_i64().unwrap();
                self.own.insert(conversation, id);
                let mut acknowledged = self.acknowledged.lock().unwrap();
                let newest = acknowledged.entry(conversation).or_default();
                *newest = id.max(*newest);
            }
            4..7 => {
                let path = format!("/api/conversations/{conversation}/mark");
                let view = self.ask(Method::PUT, &path, None).await;
                self.check(&view);
            }
            7 => {
                let path = format!("/api/conversations/{conversation}/pin");
                let view = self.ask(Method::PUT, &path, None).await;
                assert_eq!(view["is_pinned"], true);
                self.check(&view);
            }
            8 => {
                let path = format!("/api/conversations/{conversation}/pin");
                let view = self.ask(Method::DELETE, &path, None).await;
                assert_eq!(view["is_pinned"], false);
            }
            _ => {
                let chats = self.ask(Method::GET, "/api/v1/chats", None).await;
                let chat = chats["data"][0]["id"].as_str().unwrap().to_owned();
                let subject = format!("name {}", self.random.random_range(0..1000));
                let body = json!({"data": {"type": "chat", "id": chat,
                                           "attributes": {"subject": subject}}});
                let node = &self.nodes[0];
                let request = node
                    .request(Method::PATCH, &format!("/api/v1/chats/{chat}"))
                    .header("Content-Type", "application/vnd.api+json")
                    .body(body.to_string());
                assert!(send(request).await.status.is_success());
            }
        }
    }

    /// The newest message that must be visible: on one node the newest that was acknowledged to
    /// anyone, on several nodes the newest that was acknowledged to this caller.
    fn known(&self, conversation: i64) -> i64 {
        let own = self.own.get(&conversation).copied().unwrap_or(0);
        if self.nodes.len() > 1 {
            return own;
        }
        let acknowledged = self.acknowledged.lock().unwrap();
        own.max(acknowledged.get(&conversation).copied().unwrap_or(0))
    }

    async fn look_at_one(&mut self, conversation: i64) {
        let known = self.known(conversation);
        let view = self.ask(Method::GET, &format!("/api/conversations/{conversation}"), None).await;
        self.check(&view);
        let newest = view["last_message_id"].as_i64().unwrap_or(0);
        assert!(newest >= known, "message {known} was acknowledged, and the newest is {newest}");
        let path = format!("/api/apps/{conversation}/messages?order_by=id+desc&top=100");
        let messages = self.ask(Method::GET, &path, None).await;
        let messages = messages["data"].as_array().unwrap();
        let listed = messages.first().map_or(0, |message| message["id"].as_i64().unwrap());
        assert!(listed >= newest, "the object shows message {newest}, the list only {listed}");
        // If nothing came in between, the messages determine whether it is unread.
        let other = messages.iter().find(|message| message["created_by"]["uid"] != *self.uid);
        if let (true, Some(other)) = (listed == newest, other) {
            let unread = other["id"].as_i64() > self.marker(&view);
            assert_eq!(view["is_unread"], unread, "{view} {other}");
        }
    }

    async fn look_at_all(&mut self) {
        let known: Vec<(i64, i64)> =
            self.conversations.iter().map(|id| (*id, self.known(*id))).collect();
        let before = self.ask(Method::GET, "/api/conversations/badge", None).await;
        let list = self.ask(Method::GET, "/api/conversations?top=100", None).await;
        let after = self.ask(Method::GET, "/api/conversations/badge", None).await;
        let items = list["data"].as_array().unwrap();
        assert_eq!(items.len(), self.conversations.len());
        assert_eq!(list["count"], items.len());
        for item in items {
            self.check(item);
        }
        for (id, known) in known {
            let item = items.iter().find(|item| item["id"] == id).unwrap();
            assert!(item["last_message_id"].as_i64().unwrap_or(0) >= known, "{item} {known}");
        }
        // Only this caller marks as read, so meanwhile conversations can only have become unread.
        if before == after {
            let unread = items.iter().filter(|item| item["is_unread"] == true).count() as i64;
            let badge: i64 = ["private", "rooms", "chat"]
                .map(|kind| before[kind].as_i64().unwrap())
                .iter()
                .sum();
            assert_eq!(badge, unread, "{before} {list}");
        }
    }

    fn marker(&self, view: &Value) -> Option<i64> {
        let members = view["members"].as_array().unwrap();
        let own = members.iter().find(|member| member["uid"] == *self.uid);
        Some(own.and_then(|own| own["marked_id"].as_i64()).unwrap_or(0))
    }

    /// What holds for a conversation at any moment.
    fn check(&self, view: &Value) {
        assert_eq!(view["last_message"]["id"], view["last_message_id"], "{view}");
        let Some(newest) = view["last_message_id"].as_i64() else {
            assert_eq!(view["is_unread"], false, "nothing is there to be read: {view}");
            return;
        };
        let marker = self.marker(view).unwrap_or(0);
        assert!(marker <= newest, "read up to {marker}, which is not there yet: {view}");
        if view["last_message"]["created_by"]["uid"] != *self.uid {
            assert_eq!(view["is_unread"], newest > marker, "{view}");
        }
    }
}
