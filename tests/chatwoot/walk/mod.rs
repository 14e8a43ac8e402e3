//! Eight callers, of every role and with different inboxes, send two thousand commands at once.
//! Each is answered as a small model of the contract says, and at the end every count of every
//! caller is what counting finds.

mod counting;

use std::sync::Mutex;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{inbox, path};
use super::scene::{Scene, of};
use crate::harness::{Caller, send};

use counting::{assert_counts, everything};

const ROUNDS: u64 = 2;
const COMMANDS: usize = 125;
const STATUSES: [&str; 4] = ["open", "resolved", "pending", "snoozed"];
const LABELS: [&str; 3] = ["a", "b", "c"];
/// An id that nothing in the account has.
const NOTHING: i64 = 999_999;

/// What commands refer to.
struct Named {
    agents: Vec<i64>,
    teams: Vec<i64>,
    inboxes: [i64; 2],
    contact: i64,
    conversations: Mutex<Vec<Known>>,
}

#[derive(Clone, Copy, PartialEq)]
struct Known {
    id: i64,
    inbox: i64,
    life: Life,
}

#[derive(Clone, Copy, PartialEq)]
enum Life {
    There,
    /// Somebody is deleting it, so it may be there or not.
    Leaving,
    Gone,
}

/// A caller, with what the contract lets them do.
struct Walker {
    caller: Caller,
    role: &'static str,
    /// Their own number, if they have one.
    me: Option<i64>,
    /// The inboxes that they are in.
    inboxes: Vec<i64>,
}

/// A request about a conversation.
struct Asked {
    method: Method,
    rest: &'static str,
    body: Value,
    /// The status of the answer to callers who may send it.
    status: u16,
}

fn any<'a, T>(chance: &mut StdRng, of: &'a [T]) -> &'a T {
    &of[chance.random_range(0..of.len())]
}

impl Walker {
    fn sees(&self, inbox: i64) -> bool {
        match self.role {
            "agent" => self.inboxes.contains(&inbox),
            "member" => false,
            _ => true,
        }
    }

    /// What the contract says (sections 2, 5 and 6).
    fn expected(&self, asked: &Asked, of: &Known) -> u16 {
        let for_bots = ["/toggle_status", "/toggle_priority", "/assignments", "/messages"];
        let is_for_bots = asked.method == Method::PATCH
            || asked.method == Method::POST && for_bots.contains(&asked.rest);
        match self.role {
            "member" => 403,
            "bot" if !is_for_bots => 403,
            "agent" if asked.method == Method::DELETE => 403,
            _ if of.life == Life::Gone => 404,
            _ if !self.sees(of.inbox) => 403,
            _ => asked.status,
        }
    }

    async fn walk(&self, named: &Named, seed: u64) {
        let mut chance = StdRng::seed_from_u64(seed);
        for _ in 0..COMMANDS {
            let known = named.conversations.lock().unwrap().clone();
            if known.len() < 10 || chance.random_bool(0.15) {
                self.create(&mut chance, named).await;
            } else {
                // Deleted ones are asked for too, but less often.
                let mut one = *any(&mut chance, &known);
                if one.life == Life::Gone {
                    one = *any(&mut chance, &known);
                }
                self.ask(&mut chance, named, one.id).await;
            }
        }
    }

    async fn create(&self, chance: &mut StdRng, named: &Named) {
        let mut wrong = || chance.random_bool(0.05).then_some(NOTHING);
        let [inbox, contact, assignee] = [wrong(), wrong(), wrong()];
        let inbox = inbox.unwrap_or(*any(chance, &named.inboxes));
        let contact = contact.unwrap_or(named.contact);
        let agent = assignee.unwrap_or(*any(chance, &named.agents));
        let assignee = chance.random_bool(0.5).then_some(agent);
        let body = json!({
            "inbox_id": inbox, "contact_id": contact, "assignee_id": assignee,
            "status": any(chance, &STATUSES),
        });
        let expected = match self.role {
            "member" => 403,
            _ if inbox == NOTHING => 404,
            _ if !self.sees(inbox) => 403,
            _ if contact == NOTHING || assignee == Some(NOTHING) => 404,
            _ => 200,
        };
        let answer = self.caller.post(&path("/conversations"), body.clone()).await;
        assert_eq!(answer.status, expected, "{} {body} {}", self.role, answer.body);
        if expected == 200 {
            let id = answer.body["id"].as_i64().unwrap();
            named.conversations.lock().unwrap().push(Known { id, inbox, life: Life::There });
        }
    }

    async fn ask(&self, chance: &mut StdRng, named: &Named, id: i64) {
        let asked = asked(chance, named);
        let look = |life: Option<Life>| {
            let mut all = named.conversations.lock().unwrap();
            let known = all.iter_mut().find(|known| known.id == id).unwrap();
            let before = *known;
            known.life = life.unwrap_or(before.life);
            before
        };
        let deletes =
            asked.method == Method::DELETE && ["service", "administrator"].contains(&self.role);
        let before = look(None);
        if deletes && before.life == Life::There {
            look(Some(Life::Leaving));
        }
        let request = self.caller.request(asked.method.clone(), &of(id, asked.rest));
        let answer = send(request.json(&asked.body)).await;
        let after = look((deletes && answer.status == 200).then_some(Life::Gone));
        let at_sending = self.expected(&asked, &before);
        let gone = self.expected(&asked, &Known { life: Life::Gone, ..before });
        let may_be = match (before.life, after.life) {
            (Life::There, Life::There) | (Life::Gone, _) => vec![at_sending],
            // The command may have been recorded first; when it is answered, the caller no longer
            // sees it.
            _ if at_sending == 200 && asked.method != Method::GET => vec![at_sending, gone, 204],
            // The conversation may have been deleted before or after the request was handled.
            _ => vec![at_sending, gone],
        };
        let Asked { method, rest, body, .. } = &asked;
        assert!(
            may_be.contains(&answer.status.as_u16()),
            "{} {method} {rest} {body}: {} is none of {may_be:?}: {}",
            self.role,
            answer.status,
            answer.body
        );
    }
}

fn asked(chance: &mut StdRng, named: &Named) -> Asked {
    let nobody = chance.random_bool(0.3);
    let (agent, team) = (*any(chance, &named.agents), *any(chance, &named.teams));
    let (method, rest, body, status) = match chance.random_range(0..28) {
        0 => (Method::DELETE, "", json!({}), 200),
        1..=4 => (Method::POST, "/toggle_status", json!({"status": any(chance, &STATUSES)}), 200),
        5 => (Method::POST, "/toggle_status", json!({}), 200),
        6 => (Method::POST, "/toggle_status", json!({"status": "closed"}), 422),
        7..=9 => {
            (Method::POST, "/assignments", json!({"assignee_id": (!nobody).then_some(agent)}), 200)
        }
        10 | 11 => {
            (Method::POST, "/assignments", json!({"team_id": (!nobody).then_some(team)}), 200)
        }
        12 => (Method::POST, "/assignments", json!({"assignee_id": NOTHING}), 404),
        13 | 14 => {
            let labels: Vec<_> = LABELS.iter().filter(|_| chance.random_bool(0.5)).collect();
            (Method::POST, "/labels", json!({"labels": labels}), 200)
        }
        15..=17 => {
            let body = json!({"content": "in", "message_type": "incoming"});
            (Method::POST, "/messages", body, 200)
        }
        18 => (Method::POST, "/messages", json!({"content": "out"}), 200),
        19 => (Method::POST, "/messages", json!({"content": " "}), 422),
        20 => (Method::POST, "/mute", json!({}), 200),
        21 => (Method::POST, "/unmute", json!({}), 200),
        22 => (Method::POST, "/unread", json!({}), 200),
        23 => (Method::POST, "/update_last_seen", json!({}), 200),
        24 => (Method::POST, "/toggle_priority", json!({"priority": "low"}), 200),
        25 => {
            let body =
                json!({"status": any(chance, &STATUSES), "assignee_id": agent, "team_id": team});
            (Method::PATCH, "", body, 200)
        }
        26 => (Method::PATCH, "", json!({"priority": "low", "team_id": NOTHING}), 404),
        _ => (Method::GET, "", json!({}), 200),
    };
    Asked { method, rest, body, status }
}

/// Makes these agents the members of an inbox, and nobody else.
async fn set_members(scene: &Scene, inbox: i64, agents: &[&Walker]) {
    let ids: Vec<_> = agents.iter().map(|agent| agent.me).collect();
    let body = json!({"inbox_id": inbox, "user_ids": ids});
    let request = scene.host.request(Method::PATCH, &path("/inbox_members"));
    send(request.json(&body)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_is_answered_as_the_contract_says_and_counts_are_right_when_it_is_quiet() {
    let scene = Scene::new().await;
    let second = inbox(&scene.host, "other").await["id"].as_i64().unwrap();
    let inboxes = [scene.inbox["id"].as_i64().unwrap(), second];
    let mut walkers =
        vec![Walker { caller: scene.host.clone(), role: "service", me: None, inboxes: vec![] }];
    for (uid, role) in [("boss", "administrator"), ("robot", "bot"), ("mem", "member")] {
        let caller = scene.server.caller_with(uid, 1, role);
        caller.get("/api/user").await;
        walkers.push(Walker { caller, role, me: None, inboxes: vec![] });
    }
    for uid in ["ann", "bob", "cyd", "dan"] {
        let (caller, id) = scene.outsider(uid).await;
        walkers.push(Walker { caller, role: "agent", me: Some(id), inboxes: vec![] });
    }
    let agents: Vec<i64> = walkers.iter().filter_map(|walker| walker.me).collect();
    let named = Named {
        teams: vec![scene.team("one", &agents[..1]).await, scene.team("two", &agents[1..]).await],
        agents,
        inboxes,
        contact: scene.contact["id"].as_i64().unwrap(),
        conversations: Mutex::default(),
    };
    for round in 0..ROUNDS {
        // One agent of each inbox, one of both, and one of none; another one each round.
        let rotation = round as usize;
        for (n, its) in [&inboxes[..1], &inboxes[1..], &inboxes[..], &[]].into_iter().enumerate() {
            walkers[4 + (n + rotation) % 4].inboxes = its.to_vec();
        }
        for inbox in inboxes {
            let members: Vec<&Walker> =
                walkers.iter().filter(|walker| walker.inboxes.contains(&inbox)).collect();
            set_members(&scene, inbox, &members).await;
        }
        let walks = walkers.iter().enumerate();
        join_all(walks.map(|(n, walker)| walker.walk(&named, 8 * round + n as u64))).await;

        let all = everything(&scene.host).await;
        let mut left: Vec<i64> = all.iter().map(|one| one["id"].as_i64().unwrap()).collect();
        left.sort_unstable();
        let mut known = named.conversations.lock().unwrap().clone();
        known.retain(|known| known.life == Life::There);
        let mut known: Vec<i64> = known.iter().map(|known| known.id).collect();
        known.sort_unstable();
        assert_eq!(left, known);
        for walker in &walkers {
            if ["bot", "member"].contains(&walker.role) {
                walker.caller.get(&path("/conversations")).await.expect(403);
                continue;
            }
            let sees = |one: &&Value| walker.sees(one["inbox_id"].as_i64().unwrap());
            let seen: Vec<&Value> = all.iter().filter(sees).collect();
            assert_counts(&walker.caller, walker.me, &named, &seen).await;
        }
    }
    assert!(named.conversations.lock().unwrap().len() > 100);
}
