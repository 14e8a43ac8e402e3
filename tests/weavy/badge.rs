use serde_json::{Value, json};

use super::arrived;
use crate::harness::{Caller, Server};

async fn badge(caller: &Caller) -> Value {
    caller.get("/api/conversations/badge").await.expect(200)
}

fn counts(private: i64, rooms: i64) -> Value {
    json!({"private": private, "rooms": rooms, "chat": 0})
}

#[tokio::test]
async fn the_badge_counts_unread_conversations_by_kind() {
    let server = Server::fresh().await;
    let (ann, bob, cat) = (server.caller("ann"), server.caller("bob"), server.caller("cat"));
    for caller in [&ann, &bob, &cat] {
        caller.arrive().await;
    }
    assert_eq!(badge(&ann).await, counts(0, 0));
    let chat = ann.create(json!(["bob"])).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    ann.say(&chat, "mine").await;
    assert_eq!(badge(&ann).await, counts(0, 0), "own messages are not unread");
    assert_eq!(badge(&bob).await, counts(1, 0));
    bob.say(&room, "one").await;
    let newest = bob.say(&room, "two").await;
    assert_eq!(badge(&ann).await, counts(0, 1), "conversations, not messages");
    assert_eq!(badge(&cat).await, counts(0, 1));

    let mark = format!("/api/conversations/{}/mark", room["id"]);
    ann.put(&mark).await.expect(200);
    assert_eq!((badge(&ann).await, badge(&cat).await), (counts(0, 0), counts(0, 1)));
    ann.put(&format!("{mark}?message_id={}", newest - 1)).await.expect(200);
    assert_eq!(badge(&ann).await, counts(0, 1), "the marker may move back");
    ann.put(&mark).await.expect(200);
    ann.delete(&mark).await.expect(200);
    assert_eq!(badge(&ann).await, counts(0, 1));
    ann.put(&mark).await.expect(200);
    assert_eq!(badge(&ann).await, counts(0, 0));
    let unread = ann.get("/api/conversations?unread=true&count_only=true").await.expect(200);
    assert_eq!(unread, json!({"count": 0}));
}

#[tokio::test]
async fn what_is_trashed_archived_or_muted_does_not_count() {
    let server = Server::fresh().await;
    let [ann, bob, _] = arrived(&server, ["ann", "bob", "cat"]).await;
    let chat = crate::protocol::chat(&ann, "bob").await;
    crate::protocol::say(&bob, &chat, "hi").await;
    let path = crate::protocol::path(&chat);
    let number = ann.listed("", "id").await[0].clone();
    let is_counted = async |counted: bool, why: &str| {
        assert_eq!(badge(&ann).await["private"], i64::from(counted), "{why}");
        // It stays listed, and unread.
        let unread = ann.get("/api/conversations?unread=true").await.expect(200);
        assert_eq!((&unread["count"], &unread["data"][0]["id"]), (&json!(1), &number), "{why}");
    };
    is_counted(true, "unread").await;
    for (hidden, shown) in [
        (json!({"archived_at": 1_750_000_000}), json!({"archived_at": null})),
        (json!({"is_muted": true}), json!({"is_muted": false})),
    ] {
        ann.put_json(&path, hidden.clone()).await.expect(200);
        is_counted(false, &hidden.to_string()).await;
        ann.put_json(&path, shown.clone()).await.expect(200);
        is_counted(true, &shown.to_string()).await;
    }
    bob.bare_post(&format!("/api/apps/{number}/trash")).await.expect(200);
    assert_eq!(badge(&ann).await, counts(0, 0));
    assert_eq!(ann.get("/api/conversations?unread=true").await.expect(200)["count"], 0);
    bob.bare_post(&format!("/api/apps/{number}/restore")).await.expect(200);
    is_counted(true, "restored").await;
}

#[tokio::test]
async fn the_three_kinds_are_counted_apart_and_are_as_many_as_the_list_says() {
    let server = Server::fresh().await;
    let [ann, bob, _] = arrived(&server, ["ann", "bob", "cat"]).await;
    let init = json!({"app": {"uid": "doc", "type": "chat"}});
    ann.post("/api/apps/init", init.clone()).await.expect(200);
    let made = [
        bob.create(json!(["ann"])).await,
        bob.create(json!(["ann", "cat"])).await,
        bob.post("/api/apps/init", init).await.expect(200),
    ];
    let mut expected = json!({"private": 0, "rooms": 0, "chat": 0});
    for (one, (kind, filter)) in
        made.iter().zip([("private", "private"), ("rooms", "room"), ("chat", "chat")])
    {
        bob.say(one, "hi").await;
        expected[kind] = json!(1);
        assert_eq!(badge(&ann).await, expected);
        let query = format!("?unread=true&type={filter}");
        assert_eq!(ann.listed(&query, "id").await, [one["id"].clone()]);
    }
    assert_eq!(badge(&bob).await, json!({"private": 0, "rooms": 0, "chat": 0}));
}
