//! Five users do everything that the dialect offers, at random; after each step what they see is
//! what a [`Model`] says.

mod model;
mod verbs;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Server};
use model::{ADMINISTRATOR, Conversation, Model, NAMES};

const STEPS: usize = 400;
const CONVERSATIONS_MAX: usize = 12;

struct Walk {
    seed: u64,
    random: StdRng,
    model: Model,
    callers: Vec<Caller>,
    step: usize,
    /// The last action, to explain a failure.
    last: String,
}

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
    for walked in join_all(walks.map(|walk| tokio::spawn(walk.run()))).await {
        walked.unwrap();
    }
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
            // Otherwise most of the time would go into listing them.
            let may_grow = self.model.0.len() < CONVERSATIONS_MAX;
            let touched = match self.random.random_range(0..10) {
                0 if may_grow => self.create(actor).await,
                1 => self.init(actor).await,
                2..=4 => self.talk(actor, id).await,
                5..=7 => self.act(actor, id).await,
                _ => self.manage(actor, id).await,
            };
            let other = (actor + 1 + step % (NAMES.len() - 1)) % NAMES.len();
            let looking: &[usize] = if step % 3 == 0 { &[actor, other] } else { &[actor] };
            join_all(looking.iter().map(|user| self.compare(*user, touched))).await;
        }
        join_all((0..NAMES.len()).map(|user| self.compare(user, 1))).await;
    }

    fn context(&self) -> String {
        format!("seed {}, step {}: {}", self.seed, self.step, self.last)
    }

    /// Compares a user's list, badge, and what was last touched with the model.
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

/// Does not check the answer against the API description: there are thousands of them.
async fn read(caller: &Caller, path: &str) -> (u16, Value) {
    let answer = caller.request(Method::GET, path).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The part of an object that the model knows.
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
