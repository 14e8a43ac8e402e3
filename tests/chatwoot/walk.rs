//! Two thousand commands of eight callers at once; then every count is what counting finds.

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{inbox, members, path};
use super::scene::{Scene, counts, of};
use crate::harness::{Caller, send};

const CALLERS: u64 = 8;
const COMMANDS: usize = 250;
const STATUSES: [&str; 4] = ["open", "resolved", "pending", "snoozed"];
const LABELS: [&str; 3] = ["a", "b", "c"];

/// What commands name.
struct Named {
    agents: Vec<i64>,
    teams: Vec<i64>,
    inboxes: Vec<Value>,
    contact: Value,
}

fn any<'a, T>(chance: &mut StdRng, of: &'a [T]) -> &'a T {
    &of[chance.random_range(0..of.len())]
}

async fn walk(caller: Caller, named: &Named, seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut own = Vec::new();
    for _ in 0..COMMANDS {
        if own.len() < 3 || chance.random_bool(0.1) {
            let body = json!({
                "inbox_id": any(&mut chance, &named.inboxes)["id"],
                "contact_id": named.contact["id"], "status": any(&mut chance, &STATUSES),
                "assignee_id": chance.random_bool(0.5).then(|| *any(&mut chance, &named.agents)),
            });
            let made = caller.post(&path("/conversations"), body).await.expect(200);
            own.push(made["id"].as_i64().unwrap());
            continue;
        }
        let id = *any(&mut chance, &own);
        let (method, rest, body) = command(&mut chance, named);
        if method == Method::DELETE {
            own.retain(|one| *one != id);
        }
        send(caller.request(method, &of(id, rest)).json(&body)).await.expect(200);
    }
}

fn command(chance: &mut StdRng, named: &Named) -> (Method, &'static str, Value) {
    let nobody = chance.random_bool(0.3);
    let (agent, team) = (*any(chance, &named.agents), *any(chance, &named.teams));
    let number = chance.random_range(0..20);
    let (rest, body) = match number {
        0 => return (Method::DELETE, "", json!({})),
        1..=4 => ("/toggle_status", json!({"status": any(chance, &STATUSES)})),
        5 => ("/toggle_status", json!({})),
        6..=8 => ("/assignments", json!({"assignee_id": (!nobody).then_some(agent)})),
        9 | 10 => ("/assignments", json!({"team_id": (!nobody).then_some(team)})),
        11 | 12 => {
            let labels: Vec<_> = LABELS.iter().filter(|_| chance.random_bool(0.5)).collect();
            ("/labels", json!({"labels": labels}))
        }
        13 | 14 => ("/messages", json!({"content": "in", "message_type": "incoming"})),
        15 => ("/messages", json!({"content": "out"})),
        16 => ("/mute", json!({})),
        17 => ("/unmute", json!({})),
        18 => ("/unread", json!({})),
        _ => ("/toggle_priority", json!({"priority": "low"})),
    };
    (Method::POST, rest, body)
}

/// All conversations of all pages, whole.
async fn everything(caller: &Caller) -> Vec<Value> {
    let mut all = Vec::new();
    for page in 1.. {
        let path = path(&format!("/conversations?status=all&page={page}"));
        let listed = caller.get(&path).await.expect(200);
        let rows = listed["data"]["payload"].as_array().unwrap().clone();
        if rows.is_empty() {
            break;
        }
        all.extend(rows);
    }
    all
}

async fn check(caller: &Caller, me: Option<i64>, named: &Named, all: &[Value]) {
    let mut filters = vec![(String::new(), None::<(&str, Value)>)];
    let with = |name: &'static str, id: &Value| (format!("&{name}={id}"), Some((name, id.clone())));
    filters.extend(named.teams.iter().map(|team| with("team_id", &json!(team))));
    filters.extend(named.inboxes.iter().map(|inbox| with("inbox_id", &inbox["id"])));
    filters
        .extend(LABELS.iter().map(|one| (format!("&labels={one}"), Some(("labels", json!(one))))));
    for status in STATUSES.into_iter().chain(["all"]) {
        for (query, filter) in &filters {
            let fits = |one: &&Value| {
                let is_of = match filter {
                    None => true,
                    Some(("team_id", id)) => one["meta"]["team"]["id"] == *id,
                    Some(("inbox_id", id)) => one["inbox_id"] == *id,
                    Some((_, label)) => one["labels"].as_array().unwrap().contains(label),
                };
                is_of && (status == "all" || one["status"] == status)
            };
            let fitting: Vec<&Value> = all.iter().filter(fits).collect();
            let assignees = fitting.iter().filter_map(|one| one["meta"]["assignee"]["id"].as_i64());
            let assignees: Vec<i64> = assignees.collect();
            let mine = assignees.iter().filter(|one| Some(**one) == me).count();
            let (assigned, count) = (assignees.len(), fitting.len());
            let wanted = [mine, assigned, count - assigned, count].map(|count| count as i64);
            let path = path(&format!("/conversations/meta?status={status}{query}"));
            let counted = caller.get(&path).await.expect(200);
            assert_eq!(counts(&counted), wanted, "{status} {query}");
        }
    }
}

#[tokio::test]
async fn counts_are_right_after_two_thousand_commands() {
    let scene = Scene::new().await;
    let other = inbox(&scene.host, "other").await;
    let (ann, ann_id) = scene.agent("ann").await;
    let (_, bob_id) = scene.agent("bob").await;
    members(&scene.host, &other, &["bob"]).await;
    let named = Named {
        agents: vec![ann_id, bob_id],
        teams: vec![scene.team("one", &[ann_id]).await, scene.team("two", &[bob_id]).await],
        inboxes: vec![scene.inbox.clone(), other],
        contact: scene.contact.clone(),
    };
    let callers = (0..CALLERS).map(|seed| walk(scene.host.clone(), &named, seed));
    join_all(callers).await;
    let all = everything(&scene.host).await;
    assert!(all.len() > 100, "{}", all.len());
    check(&scene.host, None, &named, &all).await;
    // The same for an agent, who sees one of the inboxes.
    let seen = everything(&ann).await;
    let of_inbox = all.iter().filter(|one| one["inbox_id"] == scene.inbox["id"]).count();
    assert_eq!(seen.len(), of_inbox);
    check(&ann, Some(ann_id), &named, &seen).await;
}
