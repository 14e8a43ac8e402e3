use domain::AccountId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{app, arrived, conversation, each};
use crate::harness::{Caller, Installation, Server, send};

/// What each surface shows a member, and the host system, of all conversations.
async fn everything(member: &Caller, key: &Caller, made: &[Value], messages: &[i64]) -> Vec<Value> {
    let mut paths: Vec<String> = [
        "/api/conversations",
        "/api/conversations?order_by=name",
        "/api/conversations?q=a",
        "/api/conversations?tag=x",
        "/api/conversations?trashed=null",
        "/api/conversations/badge",
        "/api/conversations?unread=true&count_only=true",
        "/v1/conversations",
        "/v1/groups",
        "/v1/contacts",
        "/api/v1/chats",
        "/api/v1/direct_conversations",
        "/api/v1/chat_memberships",
    ]
    .map(str::to_owned)
    .into();
    for one in made {
        paths.extend(["", "/messages", "/messages?q=secret", "/members"].map(|b| app(one, b)));
        paths.push(conversation(one, ""));
    }
    paths.extend(messages.iter().map(|message| format!("/api/messages/{message}")));
    let mut told = Vec::new();
    for path in paths {
        let answer = member.get(&path).await;
        told.push(json!([path, answer.status.as_u16(), answer.body]));
        if path.starts_with("/api/apps") || path.starts_with("/api/messages") {
            let answer = key.get(&path).await;
            told.push(json!(["key", path, answer.status.as_u16(), answer.body]));
        }
    }
    told
}

#[tokio::test]
async fn what_is_in_the_trash_is_gone_from_every_surface_and_comes_back_whole() {
    let server = Server::fresh().await;
    let [ann, bob, _] = arrived(&server, ["ann", "bob", "cat"]).await;
    let key = server.key();
    let doc = json!({"app": {"uid": "doc", "type": "chat", "tags": ["x"]}});
    ann.post("/api/apps/init", doc.clone()).await.expect(200);
    let made = [
        ann.create(json!(["bob"])).await,
        ann.create(json!(["bob", "cat"])).await,
        bob.post("/api/apps/init", doc).await.expect(200),
    ];
    let mut messages = Vec::new();
    for one in &made {
        messages.push(ann.say(one, "secret").await);
        bob.put(&conversation(one, "/pin")).await.expect(200);
        bob.bare_post(&app(one, "/stars")).await.expect(204);
    }
    bob.put(&conversation(&made[1], "/mark")).await.expect(200);
    let before = everything(&bob, &key, &made, &messages).await;
    for (place, one) in made.iter().enumerate() {
        let trasher = if place == 2 { &key } else { &ann };
        let told = trasher.bare_post(&app(one, "/trash")).await.expect(200);
        assert_eq!((&told["id"], &told["is_trashed"]), (&one["id"], &json!(true)));
        // Repeating it changes nothing.
        assert_eq!(trasher.bare_post(&app(one, "/trash")).await.expect(200), told);
    }
    for told in everything(&bob, &key, &made, &messages).await {
        let (path, status) = (told[0].as_str().unwrap(), &told[1]);
        if path == "key" {
            assert_eq!(told[2], 404, "{told}");
        } else if path.starts_with("/api/conversations?trashed=null") {
            assert_eq!(told[2]["count"], 3, "{told}");
        } else if path.starts_with("/v1/contacts") {
            assert_eq!(each(&told[2], "conversation_id"), [json!(null), json!(null)]);
        } else if *status == 200 {
            let is_empty = ["data", "count"]
                .iter()
                .any(|name| told[2][name] == json!([]) || told[2][name] == json!(0));
            let is_zero = told[2] == json!({"private": 0, "rooms": 0, "chat": 0});
            assert!(is_empty || is_zero, "{told}");
        } else {
            assert_eq!(*status, 404, "{told}");
        }
    }
    let trashed = bob.get("/api/conversations?trashed=true").await.expect(200);
    assert_eq!(
        (&trashed["count"], each(&trashed, "is_trashed")),
        (&json!(3), vec![json!(true); 3])
    );
    for one in &made {
        for path in [app(one, "?trashed=true"), conversation(one, "?trashed=true")] {
            assert_eq!(bob.get(&path).await.expect(200)["is_trashed"], true);
            assert_eq!(key.get(&path).await.expect(200)["is_trashed"], true);
        }
        let told = bob.bare_post(&app(one, "/restore")).await.expect(200);
        assert_eq!(told["is_trashed"], false);
        assert_eq!(bob.bare_post(&app(one, "/restore")).await.expect(200), told);
    }
    assert_eq!(everything(&bob, &key, &made, &messages).await, before);
}

#[tokio::test]
async fn nothing_is_done_to_what_is_in_the_trash_but_restoring_and_erasing() {
    let server = Server::fresh().await;
    let [ann, bob, cat, dan] = arrived(&server, ["ann", "bob", "cat", "dan"]).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    let message = bob.say(&room, "hi").await;
    for below in ["/trash", "/restore"] {
        dan.bare_post(&app(&room, below)).await.expect(404);
        ann.bare_post(&format!("/api/apps/999{below}")).await.expect(404);
    }
    // Any member may.
    cat.bare_post(&app(&room, "/trash")).await.expect(200);
    for (method, path, body) in [
        (Method::PUT, conversation(&room, "/mark"), json!({})),
        (Method::DELETE, conversation(&room, "/mark"), json!({})),
        (Method::PUT, conversation(&room, "/pin"), json!({})),
        (Method::DELETE, conversation(&room, "/pin"), json!({})),
        (Method::POST, app(&room, "/messages"), json!({"text": "hi"})),
        (Method::PATCH, format!("/api/messages/{message}"), json!({"text": "ho"})),
        (Method::PATCH, app(&room, ""), json!({"name": "No"})),
        (Method::PATCH, app(&room, ""), json!({})),
        (Method::POST, app(&room, "/stars"), json!({})),
        (Method::DELETE, app(&room, "/stars"), json!({})),
        (Method::POST, app(&room, "/subscribe"), json!({})),
        (Method::POST, app(&room, "/unsubscribe"), json!({})),
        (Method::POST, app(&room, "/members"), json!(["dan"])),
        (Method::POST, app(&room, "/members"), json!([])),
        (Method::DELETE, app(&room, "/members"), json!(["bob"])),
        (Method::PUT, app(&room, "/members/dan"), json!({})),
        (Method::DELETE, app(&room, "/members/bob"), json!({})),
    ] {
        let answer = send(bob.request(method.clone(), &path).json(&body)).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
    }
    bob.bare_post(&app(&room, "/restore")).await.expect(200);
    assert_eq!(ann.get(&conversation(&room, "")).await.expect(200)["member_count"], 3);
    ann.bare_post(&app(&room, "/trash")).await.expect(200);
    bob.delete(&app(&room, "")).await.expect(403);
    ann.delete(&app(&room, "")).await.expect(204);
    ann.bare_post(&app(&room, "/restore")).await.expect(404);
}

/// Large rooms are read differently: their shared state is in no member's row.
#[tokio::test]
async fn the_trash_holds_for_large_rooms_too() {
    let installation = Installation::new().await;
    let server = installation.start();
    let [ann] = arrived(&server, ["ann"]).await;
    let key = server.key();
    let uids: Vec<String> = (0..110).map(|n| format!("u{n}")).collect();
    for uid in &uids {
        key.post("/api/users", json!({"uid": uid})).await.expect(201);
    }
    let room = ann.create(json!(uids)).await;
    let member = server.caller("u7");
    ann.say(&room, "secret").await;
    let counts = async || {
        let badge = member.get("/api/conversations/badge").await.expect(200)["rooms"].clone();
        let list = member.get("/api/conversations?count_only=true").await.expect(200);
        let chats = member.get("/v1/conversations").await.expect(200);
        [badge, list["count"].clone(), json!(chats["data"].as_array().unwrap().len())]
    };
    assert_eq!(counts().await, [1, 1, 1]);
    ann.bare_post(&app(&room, "/trash")).await.expect(200);
    assert_eq!(counts().await, [0, 0, 0]);
    ann.bare_post(&app(&room, "/restore")).await.expect(200);
    assert_eq!(counts().await, [1, 1, 1]);
    let trashed =
        "select count(*) from events where event_type = 'ConversationTrashed' and account_id = $1";
    let count: i64 = sqlx::query_scalar(trashed)
        .bind(AccountId::FIRST)
        .fetch_one(&installation.pool().await)
        .await
        .unwrap();
    assert_eq!(count, 1, "an event, whatever the room's size");
}

#[tokio::test]
async fn a_private_chat_that_is_asked_for_comes_out_of_the_trash_but_not_back_from_erasure() {
    let server = Server::fresh().await;
    let [ann, bob] = arrived(&server, ["ann", "bob"]).await;
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "old").await;
    bob.bare_post(&app(&chat, "/trash")).await.expect(200);
    let again = ann.create(json!(["bob"])).await;
    assert_eq!((&again["id"], &again["is_trashed"]), (&chat["id"], &json!(false)));
    assert_eq!(again["last_message"]["text"], "old");
    bob.delete(&app(&chat, "")).await.expect(204);
    let new = ann.create(json!(["bob"])).await;
    assert!(new["id"].as_i64() > chat["id"].as_i64());
    assert_eq!(new.get("last_message"), None);
    assert_eq!(bob.get(&app(&new, "/messages")).await.expect(200)["count"], 0);
}
