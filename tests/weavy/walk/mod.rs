//! Five users do everything that the dialect offers, at random; after each step what they see is
//! what a [`Model`] says.

mod model;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Server, send};
use model::{ADMINISTRATOR, Conversation, Kind, Model, NAMES, Own, Refused};

const STEPS: usize = 400;

struct Walk {
    seed: u64,
    random: StdRng,
    model: Model,
    callers: Vec<Caller>,
    step: usize,
    /// What was done last, for who reads of a failure.
    last: String,
}

/// A request, and what becomes of it: the status of a refusal, or of success.
type Verb = (Method, String, Value, Result<u16, Refused>);

#[tokio::test(flavor = "multi_thread")]
async fn a_random_walk_sees_what_the_contract_says() {
    let server = Server::fresh().await;
    // In accounts of their own, so that they do not meet.
    let walks = [7, 11, 13].map(|seed| {
        let caller = |(n, uid): (usize, &&str)| {
            let role = if n == ADMINISTRATOR { "administrator" } else { "member" };
            server.caller_with(uid, seed as i64, role)
        };
        Walk {
            seed,
            random: StdRng::seed_from_u64(seed),
            model: Model::default(),
            callers: NAMES.iter().enumerate().map(caller).collect(),
            step: 0,
            last: String::new(),
        }
    });
    join_all(walks.map(Walk::run)).await;
}

impl Walk {
    async fn run(mut self) {
        for (n, caller) in self.callers.iter().enumerate() {
            assert_eq!(caller.arrive().await, n as i64 + 1);
        }
        for step in 1..=STEPS {
            self.step = step;
            let actor = self.random.random_range(0..NAMES.len());
            let id = self.any_conversation();
            let touched = match self.random.random_range(0..10) {
                0 => self.create(actor).await,
                1 => self.init(actor).await,
                2..=4 => self.talk(actor, id).await,
                5..=7 => self.act(actor, id).await,
                _ => self.manage(actor, id).await,
            };
            let other = (actor + 1 + step % (NAMES.len() - 1)) % NAMES.len();
            join_all([actor, other].map(|user| self.compare(user, touched))).await;
        }
        join_all((0..NAMES.len()).map(|user| self.compare(user, 1))).await;
    }

    /// One that there is, mostly one that is young; seldom one that there is not.
    fn any_conversation(&mut self) -> i64 {
        let ids: Vec<i64> = self.model.0.keys().copied().collect();
        let young = &ids[ids.len().saturating_sub(8)..];
        let from = if self.random.random_bool(0.7) { young } else { &ids };
        if self.random.random_bool(0.02) {
            999_999
        } else {
            from.choose(&mut self.random).copied().unwrap_or(1)
        }
    }

    fn some_users(&mut self, count: usize) -> Vec<usize> {
        let mut users: Vec<usize> = (0..NAMES.len()).collect();
        users.shuffle(&mut self.random);
        users.truncate(count);
        users
    }

    /// Users as a body names them: by id or by uid.
    fn named(&mut self, users: &[usize]) -> Vec<Value> {
        let by_id = self.random.random_bool(0.5);
        let name = |user: &usize| if by_id { json!(user + 1) } else { json!(NAMES[*user]) };
        users.iter().map(name).collect()
    }

    fn context(&self) -> String {
        format!("seed {}, step {}: {}", self.seed, self.step, self.last)
    }

    async fn ask(&mut self, actor: usize, verb: Verb) -> Option<Value> {
        let (method, path, body, expected) = verb;
        self.last = format!("{} {method} {path} {body}", NAMES[actor]);
        let request = self.callers[actor].request(method, &format!("/api{path}")).json(&body);
        let Answer { status, body, .. } = send(request).await;
        let wanted = expected.unwrap_or_else(|refused| refused);
        assert_eq!(status, wanted, "{}: {body}", self.context());
        expected.is_ok().then_some(body)
    }

    /// Private chats and rooms.
    async fn create(&mut self, actor: usize) -> i64 {
        let count = self.random.random_range(1..4);
        let mut others = self.some_users(count);
        let body = json!({"members": self.named(&others)});
        others.retain(|other| *other != actor);
        let expected = if others.is_empty() { Err(400) } else { Ok(201) };
        let verb = (Method::POST, "/conversations".to_owned(), body, expected);
        let Some(answer) = self.ask(actor, verb).await else { return 1 };
        let id = answer["id"].as_i64().unwrap();
        let is_pair = |one: &Conversation| {
            let members = &one.members;
            one.kind == Kind::Private
                && [actor, others[0]].iter().all(|one| members.contains_key(one))
        };
        let existing = if others.len() == 1 { self.model.existing(is_pair) } else { None };
        match existing {
            Some(existing) => {
                assert_eq!(id, existing, "{}", self.context());
                self.model.of(actor, id).unwrap().trashed = false;
            }
            None => {
                let kind = if others.len() == 1 { Kind::Private } else { Kind::Room };
                self.made(id, Conversation::new(kind, actor, &others));
            }
        }
        id
    }

    fn made(&mut self, id: i64, conversation: Conversation) {
        let before = self.model.0.insert(id, conversation);
        assert!(before.is_none(), "{}: it is new", self.context());
    }

    /// Contextual chats.
    async fn init(&mut self, actor: usize) -> i64 {
        let uid = format!("doc {}", self.random.random_range(0..4));
        let app = json!({"uid": uid, "type": "chat"});
        let existing = self.model.existing(|one| one.uid.as_ref() == Some(&uid));
        let is_init = self.random.random_bool(0.6);
        let named = self.some_users(1)[0];
        let (path, body, expected) = match is_init {
            false => ("/apps", app, if existing.is_some() { Err(400) } else { Ok(201) }),
            true if named % 2 == 0 => ("/apps/init", json!({"app": app}), Ok(200)),
            true => {
                let body = json!({"app": app, "user": {"uid": NAMES[named]}});
                ("/apps/init", body, if named == actor { Ok(200) } else { Err(403) })
            }
        };
        let verb = (Method::POST, path.to_owned(), body, expected);
        let Some(answer) = self.ask(actor, verb).await else { return existing.unwrap_or(1) };
        let id = answer["id"].as_i64().unwrap();
        match existing {
            None => {
                let chat = Conversation::new(Kind::Chat, actor, &[]);
                self.made(id, Conversation { uid: Some(uid), ..chat });
            }
            Some(existing) => {
                assert_eq!(id, existing, "{}", self.context());
                let chat = self.model.0.get_mut(&id).unwrap();
                chat.trashed = false;
                chat.members.entry(actor).or_default();
            }
        }
        id
    }

    /// Messages: posted, edited, deleted.
    async fn talk(&mut self, actor: usize, id: i64) -> i64 {
        let open = self.model.open(actor, id).map(|_| ());
        let message = self.any_message(id);
        let author = self.model.0.get(&id).and_then(|one| one.messages.get(&message)).copied();
        match self.random.random_range(0..6) {
            0 => {
                // An administrator finds it, and is still not its author.
                let found = self.model.0.get(&id).is_some_and(|one| !one.trashed);
                let expected = match author {
                    Some(author) if open.is_ok() && author == actor => Ok(200),
                    Some(author)
                        if author != actor && found && (open.is_ok() || actor == ADMINISTRATOR) =>
                    {
                        Err(403)
                    }
                    _ => Err(404),
                };
                let path = format!("/messages/{message}");
                self.ask(actor, (Method::PATCH, path, json!({"text": "edited"}), expected)).await;
            }
            1 => {
                let found = self.model.0.get(&id).is_some_and(|one| !one.trashed);
                let expected = match author {
                    Some(_) if found && actor == ADMINISTRATOR => Ok(204),
                    Some(author) if open.is_ok() && author == actor => Ok(204),
                    Some(_) if open.is_ok() => Err(403),
                    _ => Err(404),
                };
                let verb = (Method::DELETE, format!("/messages/{message}"), json!([]), expected);
                if self.ask(actor, verb).await.is_some() {
                    self.model.0.get_mut(&id).unwrap().messages.remove(&message);
                }
            }
            _ => {
                let expected = open.map(|()| 200);
                let path = format!("/apps/{id}/messages");
                let verb = (Method::POST, path, json!({"text": "hello"}), expected);
                if let Some(answer) = self.ask(actor, verb).await {
                    let said = answer["id"].as_i64().unwrap();
                    self.model.of(actor, id).unwrap().messages.insert(said, actor);
                }
            }
        }
        id
    }

    /// A message of the conversation, if it has one.
    fn any_message(&mut self, id: i64) -> i64 {
        let messages = self.model.0.get(&id).map(|one| one.messages.keys().copied().collect());
        let messages: Vec<i64> = messages.unwrap_or_default();
        messages.choose(&mut self.random).copied().unwrap_or(999_999)
    }

    /// What members do for themselves.
    async fn act(&mut self, actor: usize, id: i64) -> i64 {
        let named = self.any_message(id);
        let verb = self.random.random_range(0..9);
        let (method, path, status) = match verb {
            0 => (Method::PUT, format!("/conversations/{id}/pin"), 200),
            1 => (Method::DELETE, format!("/conversations/{id}/pin"), 200),
            2 => (Method::PUT, format!("/conversations/{id}/mark"), 200),
            3 => (Method::PUT, format!("/conversations/{id}/mark?message_id={named}"), 200),
            4 => (Method::DELETE, format!("/conversations/{id}/mark"), 200),
            5 => (Method::POST, format!("/apps/{id}/stars"), 204),
            6 => (Method::DELETE, format!("/apps/{id}/stars"), 204),
            7 => (Method::POST, format!("/apps/{id}/subscribe"), 200),
            _ => (Method::POST, format!("/apps/{id}/unsubscribe"), 200),
        };
        let newest = self.model.0.get(&id).and_then(|one| one.messages.keys().next_back().copied());
        let is_there = verb != 3 || newest.is_some();
        let expected = self.model.own(actor, id).and(if is_there { Ok(status) } else { Err(404) });
        if self.ask(actor, (method, path, json!({}), expected)).await.is_none() {
            return id;
        }
        let step = self.step;
        let own: &mut Own = self.model.own(actor, id).unwrap();
        match verb {
            0 => own.pinned = own.pinned.or(Some(step)),
            1 => own.pinned = None,
            2 | 3 => {
                let read = if verb == 3 { Some(named) } else { newest };
                (own.marker, own.marked_unread) = (read.or(own.marker), false);
            }
            4 => (own.marker, own.marked_unread) = (None, true),
            5 | 6 => own.starred = verb == 5,
            _ => own.unsubscribed = verb > 7,
        }
        id
    }

    /// What everyone sees of it.
    async fn manage(&mut self, actor: usize, id: i64) -> i64 {
        let path = format!("/apps/{id}");
        match self.random.random_range(0..9) {
            0 => {
                let name = self.random.random_bool(0.7).then(|| format!("Name {}", self.step));
                let body = json!({"name": name, "tags": [format!("tag {}", self.step)]});
                let expected = self.model.open(actor, id).map(|_| 200);
                if self.ask(actor, (Method::PATCH, path, body, expected)).await.is_some() {
                    let tag = format!("tag {}", self.step);
                    let changed = self.model.of(actor, id).unwrap();
                    (changed.name, changed.tags) = (name, vec![tag]);
                }
            }
            verb @ 1..=3 => {
                let below = if verb == 1 { "trash" } else { "restore" };
                let expected = self.model.of(actor, id).map(|_| 200);
                let verb = (Method::POST, format!("{path}/{below}"), json!({}), expected);
                if self.ask(actor, verb).await.is_some() {
                    self.model.of(actor, id).unwrap().trashed = below == "trash";
                }
            }
            4 => {
                let expected = match self.model.0.get(&id) {
                    Some(_) if actor == ADMINISTRATOR => Ok(204),
                    Some(one) if !one.members.contains_key(&actor) => Err(404),
                    Some(one) if one.kind == Kind::Private || one.creator == actor => Ok(204),
                    Some(_) => Err(403),
                    None => Err(404),
                };
                if self.ask(actor, (Method::DELETE, path, json!([]), expected)).await.is_some() {
                    self.model.0.remove(&id);
                }
            }
            verb => self.change_members(actor, id, verb < 7).await,
        }
        id
    }

    async fn change_members(&mut self, actor: usize, id: i64, let_in: bool) {
        let count = self.random.random_range(1..3);
        let users = self.some_users(count);
        let expected = match let_in {
            true => self.model.open(actor, id).and_then(|one| match one.kind {
                Kind::Private => Err(400),
                Kind::Room | Kind::Chat => Ok(()),
            }),
            false => {
                self.model.0.get(&id).ok_or(404).and_then(|one| one.may_take_out(actor, &users))
            }
        };
        let named = self.named(&users);
        let path = format!("/apps/{id}/members");
        let by_path = named.iter().map(|name| name.to_string().replace('"', ""));
        let by_path = format!("{path}/{}", by_path.collect::<Vec<_>>().join(","));
        let (method, path, body) = match (let_in, self.random.random_bool(0.5)) {
            (true, true) => (Method::POST, path, json!(named)),
            (true, false) => (Method::PUT, by_path, json!({})),
            (false, true) => (Method::DELETE, path, json!(named)),
            (false, false) => (Method::DELETE, by_path, json!({})),
        };
        let verb = (method, path, body, expected.map(|()| 200));
        if self.ask(actor, verb).await.is_some() {
            let members = &mut self.model.0.get_mut(&id).unwrap().members;
            for user in users {
                match let_in {
                    true => drop(members.entry(user).or_default()),
                    false => drop(members.remove(&user)),
                }
            }
        }
    }

    /// A user's list, badge, and what was touched last, as the model has them.
    async fn compare(&self, user: usize, touched: i64) {
        let caller = &self.callers[user];
        let object = format!("/api/conversations/{touched}?trashed=true");
        let members = format!("/api/apps/{touched}/members");
        let (list, badge, object, members) = futures::join!(
            read(caller, "/api/conversations?top=100"),
            read(caller, "/api/conversations/badge"),
            read(caller, &object),
            read(caller, &members),
        );
        let context = format!("{}; seen by {}", self.context(), NAMES[user]);
        let shown: Vec<Value> = list.1["data"].as_array().unwrap().iter().map(told).collect();
        let expected = self.model.list(user);
        assert_eq!(shown, expected, "{context}");
        assert_eq!(list.1["count"], expected.len(), "{context}");
        assert_eq!(badge.1, self.model.badge(user), "{context}");
        let is_in = |one: &&Conversation| one.members.contains_key(&user);
        match self.model.0.get(&touched).filter(is_in) {
            None => assert_eq!((object.0, members.0), (404, 404), "{context}"),
            Some(one) => {
                assert_eq!(told(&object.1), one.seen_by(touched, user), "{context}");
                match one.trashed {
                    true => assert_eq!(members.0, 404, "{context}"),
                    false => assert_eq!(marked(&members.1["data"]), one.members(), "{context}"),
                }
            }
        }
    }
}

/// An answer that is not held against its description: there are thousands of them.
async fn read(caller: &Caller, path: &str) -> (u16, Value) {
    let answer = caller.request(Method::GET, path).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// What the model knows of an object.
fn told(object: &Value) -> Value {
    let mut told = json!({});
    for name in [
        "id",
        "uid",
        "name",
        "display_name",
        "tags",
        "user_id",
        "member_count",
        "last_message_id",
        "is_pinned",
        "is_unread",
        "is_starred",
        "is_subscribed",
        "is_trashed",
    ] {
        told[name] = object[name].clone();
    }
    told["members"] = marked(&object["members"]);
    told
}

fn marked(members: &Value) -> Value {
    members.as_array().unwrap().iter().map(|one| json!([one["uid"], one["marked_id"]])).collect()
}
