//! Changing the status (section 6, the table of `toggle_status`).

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::desk::refusal;
use super::scene::{Scene, of};
use crate::harness::{Caller, send, wait_until};

async fn toggle(caller: &Caller, id: i64, body: Value) -> Value {
    let answer = caller.post(&of(id, "/toggle_status"), body).await.expect(200);
    assert_eq!((&answer["meta"], &answer["payload"]["success"]), (&json!({}), &json!(true)));
    assert_eq!(answer["payload"]["conversation_id"], id);
    answer["payload"].clone()
}

/// The time this many seconds from now.
fn in_s(seconds: i64) -> DateTime<Utc> {
    let now = std::time::SystemTime::now();
    DateTime::<Utc>::from(now) + chrono::TimeDelta::seconds(seconds)
}

#[tokio::test]
async fn from_every_status_to_every_other_and_back_and_forth() {
    let scene = Scene::new().await;
    for from in ["open", "resolved", "pending", "snoozed"] {
        for to in ["open", "resolved", "pending", "snoozed"] {
            let id = scene.create(json!({"status": from})).await["id"].as_i64().unwrap();
            let before = scene.get(id).await;
            let payload = toggle(&scene.host, id, json!({"status": to})).await;
            assert_eq!(payload["current_status"], to, "{from}");
            let after = scene.get(id).await;
            assert_eq!(after["status"], to);
            assert_eq!(after == before, from == to, "repeating it changes nothing");
        }
        for body in [json!({}), json!({"status": null}), json!({"status": " "})] {
            let id = scene.create(json!({"status": from})).await["id"].as_i64().unwrap();
            let to = if from == "open" { "resolved" } else { "open" };
            assert_eq!(toggle(&scene.host, id, body).await["current_status"], to, "{from}");
        }
    }
    let id = scene.conversation().await;
    let (status, _, attributes) =
        refusal(&scene.host.post(&of(id, "/toggle_status"), json!({"status": "Open"})).await);
    assert_eq!((status, attributes), (422, json!(["status"])));
}

#[tokio::test]
async fn an_empty_body_of_json_is_an_empty_object() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    let request = scene.host.request(Method::POST, &of(id, "/toggle_status"));
    let answer = send(request.header("content-type", "application/json")).await.expect(200);
    assert_eq!(answer["payload"]["current_status"], "resolved");
}

#[tokio::test]
async fn an_agent_takes_care_of_what_they_open_and_nobody_else_does() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let admin = scene.server.caller_with("zoe", 1, "administrator");
    let bot = scene.server.caller_with("robot", 1, "bot");
    for (caller, assignee) in [
        (&admin, Value::Null),
        (&bot, Value::Null),
        (&scene.host, Value::Null),
        (&ann, json!(ann_id)),
    ] {
        for body in [json!({}), json!({"status": "open"})] {
            let id = scene.create(json!({"status": "pending"})).await["id"].as_i64().unwrap();
            toggle(caller, id, body).await;
            assert_eq!(scene.get(id).await["meta"]["assignee"]["id"], assignee);
        }
    }
    // Nothing else assigns it.
    let id = scene.conversation().await;
    for status in ["open", "snoozed", "pending", "resolved"] {
        toggle(&ann, id, json!({"status": status})).await;
        assert_eq!(scene.get(id).await["meta"].get("assignee"), None);
    }
}

#[tokio::test]
async fn a_snooze_has_an_end_in_seconds_or_iso_or_none() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    let end = "2099-01-01T00:00:00.000Z";
    let seconds = end.parse::<DateTime<Utc>>().unwrap().timestamp();
    for until in [json!(seconds), json!(seconds.to_string()), json!(end)] {
        toggle(&scene.host, id, json!({"status": "open"})).await;
        let body = json!({"status": "snoozed", "snoozed_until": until});
        assert_eq!(toggle(&scene.host, id, body).await["snoozed_until"], end);
        assert_eq!(scene.get(id).await["snoozed_until"], end);
    }
    // Leaving the status clears it, null counts as not given, and without a status it is ignored.
    let payload = toggle(&scene.host, id, json!({"status": "pending"})).await;
    assert_eq!(payload["snoozed_until"], Value::Null);
    let payload = toggle(&scene.host, id, json!({"status": "snoozed", "snoozed_until": null}));
    assert_eq!(payload.await["snoozed_until"], Value::Null);
    let wrong = json!({"status": "snoozed", "snoozed_until": "later"});
    scene.host.post(&of(id, "/toggle_status"), wrong).await.expect(422);
}

#[tokio::test]
async fn a_snooze_ends_by_itself_also_when_its_end_has_passed() {
    let scene = Scene::new().await;
    let (past, soon) = (scene.conversation().await, scene.conversation().await);
    for (id, seconds) in [(past, -60), (soon, 1)] {
        let until = in_s(seconds).to_rfc3339_opts(SecondsFormat::Millis, true);
        toggle(&scene.host, id, json!({"status": "snoozed", "snoozed_until": until})).await;
    }
    for id in [past, soon] {
        wait_until("the snooze ends", async || scene.get(id).await["status"] == "open").await;
        assert_eq!(scene.get(id).await["snoozed_until"], Value::Null);
    }
}

#[tokio::test]
async fn what_the_contact_writes_opens_what_is_resolved_or_snoozed() {
    let scene = Scene::new().await;
    for (status, after) in
        [("open", "open"), ("resolved", "open"), ("snoozed", "open"), ("pending", "pending")]
    {
        let id = scene.create(json!({"status": status})).await["id"].as_i64().unwrap();
        scene.incoming(id, "Hello?").await;
        assert_eq!(scene.get(id).await["status"], after, "{status}");
    }
    let body = json!({"status": "snoozed", "snoozed_until": 4_000_000_000_i64});
    let id = scene.create(body).await["id"].as_i64().unwrap();
    scene.incoming(id, "Hello?").await;
    assert_eq!(scene.get(id).await["snoozed_until"], Value::Null);
}
