//! The users and conversations on the server, built over HTTP when a row first needs them.

use std::cell::{Cell, OnceCell};
use std::time::Duration;

use tokio::sync::OnceCell as Once;

use crate::client::User;
use crate::load::{Script, send_all};
use crate::rows::support::Desk;
use crate::server::Server;

pub const CALLERS: usize = 64;
/// Conversations in each caller's list.
const LIST_LENGTH: usize = 200;
/// Members with long lists.
const COLLECTORS: usize = 10;
const LONG_LIST_LENGTH: f64 = 20_000.0;
/// Support conversations, all open.
const DESK_SIZE: f64 = 200_000.0;

pub struct World {
    pub server: Server,
    pub round: Duration,
    pub scale: f64,
    pub events: i64,
    pub callers: Vec<User>,
    /// How many of the crowd are registered: the users that others have conversations with.
    crowd: Cell<usize>,
    lists: Once<Vec<Vec<i64>>>,
    collectors: Once<Vec<User>>,
    members: OnceCell<Vec<User>>,
    desk: Once<Desk>,
}

/// The uid of a user of the crowd.
fn uid(n: usize) -> String {
    format!("u{n}")
}

impl World {
    pub fn new(server: Server, round: Duration, scale: f64, events: i64) -> Self {
        Self {
            server,
            round,
            scale,
            events,
            callers: (0..CALLERS).map(|n| User::member(format!("c{n}"))).collect(),
            crowd: Cell::new(0),
            lists: Once::new(),
            collectors: Once::new(),
            members: OnceCell::new(),
            desk: Once::new(),
        }
    }

    /// Sends each request once, 64 at a time, and expects 2xx; returns the ids of what they
    /// created.
    pub async fn build(&self, requests: impl Iterator<Item = Vec<u8>>) -> Vec<i64> {
        let mut ids = Vec::new();
        let tally = send_all(self.server.address, CALLERS, requests, |place, response| {
            ids.resize(ids.len().max(place + 1), 0);
            ids[place] = if response.status < 300 { response.id() } else { 0 };
        });
        assert_eq!(tally.await.failed(), "0", "what is to be measured cannot be built");
        ids
    }

    /// Sends one request, and expects 2xx; returns the response's body.
    pub async fn answer(&self, request: Vec<u8>) -> serde_json::Value {
        let mut answer = serde_json::Value::Null;
        let tally = send_all(self.server.address, 1, std::iter::once(request), |_, response| {
            answer = serde_json::from_slice(response.body).unwrap_or_default();
        });
        assert_eq!(tally.await.failed(), "0", "what is to be measured cannot be built");
        answer
    }

    /// The support desk.
    pub async fn desk(&self) -> &Desk {
        let size = (DESK_SIZE * self.scale) as usize;
        self.desk.get_or_init(|| Desk::build(self, size)).await
    }

    /// Registers users of the crowd until there are `count`.
    async fn crowd(&self, count: usize) {
        let service = User::service();
        let requests = (self.crowd.get()..count).map(|n| {
            let (path, body) = (format!("/api/users/{}", uid(n)), format!(r#"{{"name":"U {n}"}}"#));
            service.request_with("PUT", &path, &body)
        });
        self.build(requests).await;
        self.crowd.set(self.crowd.get().max(count));
    }

    /// Sends a first request of each user, so that the first measured one costs no more than the
    /// others.
    pub async fn arrive(&self, users: &[User]) {
        self.build(users.iter().map(|user| user.request("GET", "/api/user"))).await;
    }

    /// Creates a private chat of each user with each of the first `length` users of the crowd, and
    /// posts a message to the last [`LIST_LENGTH`] of them. Returns the chats by user.
    async fn private_chats(&self, users: &[User], length: usize) -> Vec<Vec<i64>> {
        self.crowd(length).await;
        self.arrive(users).await;
        let create = |n| format!(r#"{{"members":["{}"]}}"#, uid(n));
        let pairs = (0..length).flat_map(|n| users.iter().map(move |user| (user, n)));
        let ids = pairs.map(|(u, n)| u.request_with("POST", "/api/conversations", &create(n)));
        let ids = self.build(ids).await;
        let with_message = ids.len() - LIST_LENGTH.min(length) * users.len();
        let posts = ids.iter().zip(users.iter().cycle()).skip(with_message);
        self.build(posts.map(|(id, user)| user.post_message(*id))).await;
        let of_user = |n| ids.iter().skip(n).step_by(users.len()).copied().collect();
        (0..users.len()).map(of_user).collect()
    }

    /// The callers' conversations.
    pub async fn lists(&self) -> &[Vec<i64>] {
        self.lists.get_or_init(|| self.private_chats(&self.callers, LIST_LENGTH)).await
    }

    /// For each caller, the requests about eight of their own conversations.
    pub async fn scripts<const N: usize>(&self, of: fn(&User, i64) -> [Vec<u8>; N]) -> Vec<Script> {
        let each = self.callers.iter().zip(self.lists().await);
        each.map(|(user, list)| list.iter().take(8).flat_map(|id| of(user, *id)).collect())
            .collect()
    }

    /// Members with long lists; with them there are ten times as many conversations in the account.
    pub async fn collectors(&self) -> &[User] {
        let build = async || {
            let users: Vec<_> = (0..COLLECTORS).map(|n| User::member(format!("l{n}"))).collect();
            self.private_chats(&users, self.long_list_length()).await;
            self.server.vacuum().await;
            users
        };
        self.collectors.get_or_init(build).await
    }

    pub fn long_list_length(&self) -> usize {
        (LONG_LIST_LENGTH * self.scale) as usize
    }

    /// How many conversations there are in lists.
    pub fn conversations(&self) -> usize {
        let long = if self.collectors.initialized() { self.long_list_length() } else { 0 };
        COLLECTORS * long + CALLERS * LIST_LENGTH
    }

    /// How many users there are.
    pub fn users(&self) -> usize {
        self.callers.len() + self.crowd.get()
    }

    /// Creates a room of `size` members: the creator, and users of the crowd.
    pub async fn room(&self, creator: &User, size: usize) -> i64 {
        self.crowd(size).await;
        let members: Vec<String> = (1..size).map(|n| format!("\"{}\"", uid(n))).collect();
        let body = format!(r#"{{"members":[{}]}}"#, members.join(","));
        self.build([creator.request_with("POST", "/api/conversations", &body)].into_iter()).await[0]
    }

    /// All members but the creator of a room of that size.
    pub fn members(&self, size: usize) -> &[User] {
        let all = self.members.get_or_init(|| (1..size).map(|n| User::member(uid(n))).collect());
        &all[..size - 1]
    }
}
