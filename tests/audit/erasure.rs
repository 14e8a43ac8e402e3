//! What is erased is nowhere: not in the database, not in the broker's files, not in a log line.

use std::path::Path;

use embedded::testing;
use reqwest::Method;
use serde_json::json;

use super::stream;
use crate::harness::{Caller, Installation, Server, send, wait_until};

const MARKER: &str = "xyzzyplugh";

/// An installation whose broker keeps its files in a folder that the test can search.
async fn installation(folder: &Path) -> (Installation, embedded::Nats) {
    let nats = embedded::Nats::start(folder).await.unwrap();
    let mut installation = Installation::new().await;
    installation.nats_url = nats.url().to_owned();
    (installation, nats)
}

/// Every place that contains the marker.
async fn found(installation: &Installation, server: &Server, folder: &Path) -> Vec<String> {
    let mut places = Vec::new();
    if testing::dump(&installation.database_url).contains(MARKER) {
        places.push("a dump of the database".to_owned());
    }
    if server.log().contains(MARKER) {
        places.push("the log lines".to_owned());
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path)
                && bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes())
            {
                places.push(path.display().to_string());
            }
        }
    }
    places
}

/// Waits until the relay has published everything and has nothing left to erase.
async fn wait_until_erased(installation: &Installation) {
    let pool = installation.pool().await;
    wait_until("the relay is done", async || {
        sqlx::query_scalar(
            "select (select position from checkpoints where name = 'relay')
                        = (select position from log_head)
                    and not exists (select from nats_erasures where done_at is null)",
        )
        .fetch_one(&pool)
        .await
        .unwrap()
    })
    .await;
}

async fn say(caller: &Caller, chat: &serde_json::Value, text: &str) -> i64 {
    let path = format!("/api/apps/{}/messages", chat["id"]);
    let request = caller
        .request(Method::POST, &path)
        .header("Idempotency-Key", text.len().to_string())
        .json(&json!({"text": text, "metadata": {"note": text}, "tags": [text]}));
    send(request).await.expect(200)["id"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_an_erased_conversation_but_the_fact() {
    let folder = testing::folder();
    let (installation, _nats) = installation(&folder).await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    server.caller("cyd").arrive().await;
    let body = json!({"members": ["bob", "cyd"], "name": format!("About {MARKER}")});
    let room = ann.post("/api/conversations", body).await.expect(201);
    say(&ann, &room, &format!("{MARKER} is a secret")).await;
    let edited = say(&bob, &room, "never mind").await;
    let text = json!({"text": format!("mind {MARKER}")});
    let path = format!("/api/messages/{edited}");
    send(bob.request(Method::PATCH, &path).json(&text)).await.expect(200);
    wait_until_erased(&installation).await;
    let places = found(&installation, &server, &folder).await;
    assert!(
        places.len() >= 2,
        "before, it is in the database and in the broker's files: {places:?}"
    );
    let stream = stream(&installation);

    let path = format!("/api/apps/{}", room["id"]);
    bob.delete(&path).await.expect(403);
    ann.delete(&path).await.expect(204);
    ann.delete(&path).await.expect(404);
    wait_until_erased(&installation).await;
    assert_eq!(found(&installation, &server, &folder).await, [] as [String; 0]);

    for caller in [&ann, &bob, &server.key()] {
        caller.get(&format!("/api/conversations/{}", room["id"])).await.expect(404);
        caller.get(&format!("/api/messages/{edited}")).await.expect(404);
    }
    assert_eq!(ann.get("/api/conversations").await.expect(200)["count"], 0);
    assert_eq!(bob.get("/api/conversations/badge").await.expect(200)["rooms"], 0);
    installation.done(&["audit", "verify"]);
    let trail = installation.done(&["audit", "log", &stream, "--format", "json"]);
    assert_eq!(trail.matches("[erased]").count(), 10, "{trail}");
    let last = trail.lines().last().unwrap();
    assert!(last.contains("ConversationDeleted") && last.contains("\"actor\":\"ann\""), "{last}");
    let state = installation.done(&["audit", "state", &stream, "--format", "json"]);
    assert!(state.contains("\"deleted_by\": \"ann\""), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_deleted_message_and_the_others_stay() {
    let folder = testing::folder();
    let (installation, _nats) = installation(&folder).await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    say(&ann, &chat, "kept").await;
    let gone = say(&ann, &chat, &format!("{MARKER} is a secret")).await;
    wait_until_erased(&installation).await;
    assert!(!found(&installation, &server, &folder).await.is_empty());

    bob.delete(&format!("/api/messages/{gone}")).await.expect(403);
    ann.delete(&format!("/api/messages/{gone}")).await.expect(204);
    wait_until_erased(&installation).await;
    assert_eq!(found(&installation, &server, &folder).await, [] as [String; 0]);
    let view = bob.get(&format!("/api/conversations/{}", chat["id"])).await.expect(200);
    assert_eq!(view["last_message"]["text"], "kept");
    installation.done(&["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_before_it_is_published_is_published_without_its_text() {
    let folder = testing::folder();
    let (installation, nats) = installation(&folder).await;
    let port = nats.port();
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    wait_until_erased(&installation).await;
    nats.stop().await.unwrap();
    let gone = say(&ann, &chat, &format!("{MARKER} is a secret")).await;
    ann.delete(&format!("/api/messages/{gone}")).await.expect(204);
    let _nats = embedded::Nats::start_on(&folder, Some(port)).await.unwrap();
    wait_until_erased(&installation).await;
    assert_eq!(found(&installation, &server, &folder).await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_may_talk_again_and_nothing_old_comes_back() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let first = ann.create(json!(["bob"])).await;
    ann.say(&first, "old").await;
    bob.delete(&format!("/api/apps/{}", first["id"])).await.expect(204);
    let second = ann.create(json!(["bob"])).await;
    assert!(second["id"].as_i64() > first["id"].as_i64());
    assert_eq!(second["last_message_id"], json!(null));
    assert_eq!(bob.create(json!(["ann"])).await["id"], second["id"]);
    server
        .caller_with("root", 1, "administrator")
        .delete(&format!("/api/apps/{}", second["id"]))
        .await
        .expect(204);
    assert!(ann.create(json!(["bob"])).await["id"].as_i64() > second["id"].as_i64());
}
