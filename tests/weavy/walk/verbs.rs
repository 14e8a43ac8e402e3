use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use reqwest::Method;
use serde_json::{Value, json};

use super::Walk;
use super::model::{ADMINISTRATOR, Conversation, Kind, NAMES, Own, Refused};
use crate::harness::{Answer, send};

/// A request, and its expected outcome: the status of a refusal, or of success.
type Verb = (Method, String, Value, Result<u16, Refused>);

/// Each method sends a request, does the same in the model, and returns what was touched.
impl Walk {
    /// An existing conversation, mostly a recent one; now and then an unknown id.
    pub(super) fn any_conversation(&mut self) -> i64 {
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
    pub(super) async fn create(&mut self, actor: usize) -> i64 {
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
    pub(super) async fn init(&mut self, actor: usize) -> i64 {
        let uid = format!("doc {}", self.random.random_range(0..4));
        let app = json!({"uid": uid, "type": "chat"});
        let existing = self.model.existing(|one| one.uid.as_ref() == Some(&uid));
        let is_init = self.random.random_bool(0.6);
        let named = self.some_users(1)[0];
        let names_nobody = self.random.random_bool(0.5);
        let (path, body, expected) = match is_init {
            false => ("/apps", app, if existing.is_some() { Err(400) } else { Ok(201) }),
            true if names_nobody => ("/apps/init", json!({"app": app}), Ok(200)),
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
    pub(super) async fn talk(&mut self, actor: usize, id: i64) -> i64 {
        let open = self.model.open(actor, id).map(|_| ());
        let message = self.any_message(id);
        let author = self.model.0.get(&id).and_then(|one| one.messages.get(&message)).copied();
        match self.random.random_range(0..6) {
            0 => {
                // An administrator sees the conversation, but is not the message's author.
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

    /// What members change for themselves.
    pub(super) async fn act(&mut self, actor: usize, id: i64) -> i64 {
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

    /// What members change for everyone.
    pub(super) async fn manage(&mut self, actor: usize, id: i64) -> i64 {
        let path = format!("/apps/{id}");
        match self.random.random_range(0..10) {
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
            4 | 9 => {
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
            verb => self.change_members(actor, id, verb % 2 == 1).await,
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
}
