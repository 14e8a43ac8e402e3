//! The trail over HTTP and on the command line: who changed what, when, and how it was before.

use serde_json::{Value, json};

use super::{stream, talk};
use crate::harness::{Caller, Installation, Server};

fn administrator(server: &Server, account: i64) -> Caller {
    server.caller_with("root", account, "administrator")
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_read_the_trail_and_that_is_recorded() {
    let installation = Installation::new().await;
    let server = installation.start();
    let chat = talk(&server).await;
    let path = format!("/audit/conversations/{}", stream(&installation));
    let root = administrator(&server, 1);

    let page = root.get(&format!("{path}/events?limit=3")).await.expect(200);
    let types: Vec<&Value> =
        page["data"].as_array().unwrap().iter().map(|event| &event["event_type"]).collect();
    assert_eq!(types, ["ConversationCreated", "MessagePosted", "MessagePosted"]);
    assert_eq!(page["data"][1]["event"]["text"], "one");
    assert_eq!(page["data"][1]["metadata"]["actor"], "ann");
    let next = &page["next"];
    let page = root.get(&format!("{path}/events?after={next}")).await.expect(200);
    let last = page["data"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event_type"], "AuditTrailRead");
    assert_eq!(last["event"]["part"], "events");
    assert_eq!((&last["metadata"]["actor"], &page["next"]), (&json!("root"), &Value::Null));

    server.caller("ann").put(&format!("/api/conversations/{}/pin", chat["id"])).await.expect(200);
    let then = root.get(&format!("{path}/state?at=4")).await.expect(200);
    assert_eq!(then["message_count"], 1);
    assert_eq!(then["members"]["ann"]["pinned"], false);
    let now = root.get(&format!("{path}/state?member=bob")).await.expect(200);
    assert_eq!(
        (&now["own"]["is_unread"], &now["last_message"]["text"]),
        (&json!(true), &json!("three"))
    );
    assert_eq!(now["members"], json!(["ann", "bob"]));

    let steps = root.get(&format!("{path}/diff?from=6")).await.expect(200);
    let pinned =
        steps["data"].as_array().unwrap().iter().find(|s| s["event_type"] == "ConversationPinned");
    assert_eq!(
        pinned.unwrap()["changes"],
        json!([{"path": "members.ann.pinned", "before": false, "after": true}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn others_read_nothing() {
    let installation = Installation::new().await;
    let server = installation.start();
    talk(&server).await;
    let stream = stream(&installation);
    for part in ["events", "state", "diff?from=0"] {
        let path = format!("/audit/conversations/{stream}/{part}");
        for role in ["member", "agent", "bot", "service"] {
            let answer = server.caller_with("zoe", 1, role).get(&path).await;
            assert!(answer.body["error"].is_string(), "{}", answer.body);
            assert_eq!(answer.status, 403, "{role}");
        }
        administrator(&server, 2).get(&path).await.expect(404);
        assert_eq!(reqwest::get(format!("{}{path}", server.url)).await.unwrap().status(), 401);
    }
    let root = administrator(&server, 1);
    root.get("/audit/conversations/nonsense/events").await.expect(404);
    root.get(&format!("/audit/conversations/{stream}/diff")).await.expect(400);
    root.get(&format!("/audit/conversations/{stream}/state?at=yesterday")).await.expect(400);
    root.get(&format!("/audit/conversations/{stream}/events?limit=0")).await.expect(400);
    let read = installation.done(&["audit", "log", "--type", "AuditTrailRead", "--format", "json"]);
    assert_eq!(read, "", "nothing was told, so nothing was read");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_at_a_time_is_that_of_the_time() {
    let installation = Installation::new().await;
    let server = installation.start();
    talk(&server).await;
    let stream = stream(&installation);
    let recorded = installation.done(&["audit", "log", "--to", "5", "--format", "json"]);
    let last: Value = serde_json::from_str(recorded.lines().last().unwrap()).unwrap();
    let at = last["recorded_at"].as_str().unwrap();
    let state = installation.done(&["audit", "state", &stream, "--at", at, "--format", "json"]);
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!((&state["position"], &state["last_message"]["text"]), (&json!(5), &json!("two")));

    let diff = ["audit", "diff", &stream, "--from", at, "--to", "6", "--format", "csv"];
    let diff = installation.done(&diff);
    assert!(diff.contains("last_message.text,two,three"), "{diff}");
    let (status, _, errors) = installation.run(&["audit", "state", &stream, "--position", "2"]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("there was no conversation"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_searched_by_everything_that_is_known_of_an_event() {
    let installation = Installation::new().await;
    let server = installation.start();
    let chat = talk(&server).await;
    let bob = server.caller("bob");
    let path = format!("/api/conversations/{}/mark", chat["id"]);
    let request = bob.request(reqwest::Method::PUT, &path).header("X-Request-Id", "request-7");
    crate::harness::send(request).await.expect(200);
    let stream = stream(&installation);
    let positions = |arguments: &[&str]| -> Vec<i64> {
        let found = installation.done(&[&["audit", "log", "--format", "json"], arguments].concat());
        let position =
            |line: &str| serde_json::from_str::<Value>(line).unwrap()["position"].as_i64();
        found.lines().map(|line| position(line).unwrap()).collect()
    };
    assert_eq!(positions(&[&stream]), [3, 4, 5, 6, 7]);
    assert_eq!(positions(&["--actor", "bob"]), [1, 7]);
    assert_eq!(positions(&["--user", "bob"]), [1, 3, 7]);
    assert_eq!(positions(&["--type", "MessagePosted"]), [4, 5, 6]);
    assert_eq!(positions(&["--request-id", "request-7"]), [7]);
    assert_eq!(positions(&["--account", "2"]), [] as [i64; 0]);
    assert_eq!(positions(&["--after", "2", "--to", "4"]), [3, 4]);
    assert_eq!(positions(&["--limit", "2"]), [1, 2]);
    assert_eq!(positions(&["--until", "2020-01-01T00:00:00Z"]), [] as [i64; 0]);
    assert_eq!(positions(&["--since", "2020-01-01T00:00:00Z", "--limit", "0"]).len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_can_be_followed() {
    let installation = Installation::new().await;
    let server = installation.start();
    let chat = talk(&server).await;
    let mut lines =
        installation.follow(&["audit", "log", "--follow", "--after", "5", "--format", "json"]);
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["position"], 6);
    server.caller("bob").say(&chat, "four").await;
    assert_eq!(next()["event"]["text"], "four");
}
