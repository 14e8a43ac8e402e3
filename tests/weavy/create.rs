use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Server, send};

const PRIVATE: &str = "7e14f418-8f15-46f4-b182-f619b671e470";
const ROOM: &str = "edb400ac-839b-45a7-b2a8-6a01820d1c44";

async fn three(server: &Server) -> (Caller, Caller, Caller) {
    let callers = (server.caller("ann"), server.caller("bob"), server.caller("cat"));
    for caller in [&callers.0, &callers.1, &callers.2] {
        caller.arrive().await;
    }
    callers
}

#[tokio::test]
async fn the_pages_sample_bodies_work_as_printed() {
    let server = Server::fresh().await;
    let (ann, ..) = three(&server).await;
    let post = async |body: &str| {
        let request = ann
            .request(Method::POST, "/api/conversations")
            .header("Content-Type", "application/json")
            .body(body.to_owned());
        send(request).await.expect(201)
    };
    let room = post("{ 'name': 'My chat room', 'members': [1, 2, 3] }").await;
    assert_eq!((&room["type"], &room["name"]), (&json!(ROOM), &json!("My chat room")));
    assert_eq!(room["member_count"], 3);
    let chat = post("{ 'name': 'Just us', 'members': [2] }").await;
    assert_eq!((&chat["type"], &chat["name"]), (&json!(PRIVATE), &json!("Just us")));
    assert_eq!(chat["user_id"], 2);
}

#[tokio::test]
async fn members_are_counted_without_the_caller_and_without_repeats() {
    let server = Server::fresh().await;
    let (ann, ..) = three(&server).await;
    for (members, kind) in [
        (json!(["bob"]), PRIVATE),
        (json!(["ann", "bob", "bob", 2, "2"]), PRIVATE),
        (json!(["bob", "cat"]), ROOM),
        (json!([1, 2, 3]), ROOM),
    ] {
        assert_eq!(ann.create(members.clone()).await["type"], kind, "{members}");
    }
}

#[tokio::test]
async fn what_cannot_be_created_is_refused_and_leaves_nothing() {
    let server = Server::fresh().await;
    let (ann, ..) = three(&server).await;
    for body in [
        json!({}),
        json!({"members": null}),
        json!({"members": []}),
        json!({"members": "bob"}),
        json!({"members": ["ann"]}),
        json!({"members": [1]}),
        json!({"members": [true]}),
        json!({"members": [999]}),
        json!({"members": ["bob", "nobody"]}),
        json!({"members": ["bob"], "name": "x".repeat(257)}),
        json!({"members": ["bob"], "name": 5}),
        json!([1, 2]),
    ] {
        let problem = ann.post("/api/conversations", body.clone()).await.expect(400);
        assert!(problem["detail"].is_string(), "{body}: {problem}");
    }
    assert_eq!(ann.get("/api/conversations").await.expect(200)["count"], 0);
    let name = "x".repeat(256);
    let body = json!({"members": ["bob", "cat"], "name": name});
    assert_eq!(ann.post("/api/conversations", body).await.expect(201)["name"], name);
}

#[tokio::test]
async fn an_unknown_member_is_named() {
    let server = Server::fresh().await;
    let (ann, ..) = three(&server).await;
    let problem = ann.post("/api/conversations", json!({"members": ["bob", "zed"]})).await;
    assert!(problem.expect(400)["detail"].as_str().unwrap().contains("zed"));
}

#[tokio::test]
async fn a_pair_has_one_private_chat_from_either_side() {
    let server = Server::fresh().await;
    let (ann, bob, _) = three(&server).await;
    let first = ann.create(json!(["bob"])).await;
    let body = json!({"members": ["ann"], "name": "renamed?"});
    let second = bob.post("/api/conversations", body).await.expect(201);
    assert_eq!(first["id"], second["id"]);
    assert_eq!(second.get("name"), None, "a create never renames");
    assert_eq!((&first["display_name"], &second["display_name"]), (&json!("Bob"), &json!("Ann")));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_creates_of_a_pair_at_once_make_one_chat() {
    let server = Server::fresh().await;
    let (ann, bob, _) = three(&server).await;
    let creates = (0..50).map(|n| {
        let (caller, other) = if n % 2 == 0 { (ann.clone(), "bob") } else { (bob.clone(), "ann") };
        tokio::spawn(async move { caller.create(json!([other])).await["id"].clone() })
    });
    let ids: Vec<Value> =
        futures::future::join_all(creates).await.into_iter().map(|id| id.unwrap()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(
        ann.get("/api/conversations?count_only=true").await.expect(200),
        json!({"count": 1})
    );
}

#[tokio::test]
async fn a_create_answers_every_property_and_no_null() {
    let server = Server::fresh().await;
    let (ann, ..) = three(&server).await;
    let mut room = ann.create(json!(["bob", "cat"])).await;
    for time in ["created_at", "modified_at"] {
        let text = room[time].as_str().unwrap().to_owned();
        assert!(
            chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%SZ").is_ok(),
            "{text}"
        );
        room[time] = json!("T");
    }
    let member =
        |id, uid, name| json!({"id": id, "uid": uid, "display_name": name, "presence": "active"});
    let by = json!({"id": 1, "uid": "ann", "display_name": "Ann"});
    assert_eq!(
        room,
        json!({
            "id": 4, "type": ROOM, "display_name": "Bob, Cat", "tags": [],
            "created_at": "T", "created_by_id": 1, "created_by": by,
            "modified_at": "T", "modified_by_id": 1, "modified_by": by,
            "member_count": 3,
            "members": [member(1, "ann", "Ann"), member(2, "bob", "Bob"), member(3, "cat", "Cat")],
            "is_pinned": false, "is_unread": false, "is_starred": false, "is_subscribed": true,
            "is_trashed": false
        })
    );
}

#[tokio::test]
async fn a_repeated_idempotency_key_makes_one_room() {
    let server = Server::fresh().await;
    let (ann, ..) = three(&server).await;
    let create = async |name: &str| {
        let request = ann
            .request(Method::POST, "/api/conversations")
            .header("Idempotency-Key", "once")
            .json(&json!({"members": ["bob", "cat"], "name": name}));
        send(request).await
    };
    let first = create("a").await.expect(201);
    let again = create("a").await.expect(201);
    assert_eq!(first, again);
    create("b").await.expect(422);
    assert_eq!(ann.get("/api/conversations").await.expect(200)["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_sees_what_they_wrote() {
    let server = Server::fresh().await;
    let (ann, bob, _) = three(&server).await;
    for n in 1..=100 {
        let room = ann.create(json!(["bob", "cat"])).await;
        ann.say(&room, "hi").await;
        let list = bob.get("/api/conversations?top=1").await.expect(200);
        assert_eq!((&list["data"][0]["id"], &list["count"]), (&room["id"], &json!(n)));
        let badge = bob.get("/api/conversations/badge").await.expect(200);
        assert_eq!(badge["rooms"], n);
    }
}
