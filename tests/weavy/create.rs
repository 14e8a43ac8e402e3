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
    ann.create(json!(["bob"])).await;
    let body = json!({"members": ["bob"], "name": "x".repeat(257)});
    ann.post("/api/conversations", body).await.expect(400);
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

#[tokio::test]
async fn a_repeated_idempotency_key_makes_no_second_room_for_one_that_is_gone() {
    let server = Server::fresh().await;
    let (ann, ..) = three(&server).await;
    for (path, body) in [
        ("/api/conversations", json!({"members": ["bob", "cat"]})),
        ("/api/apps", json!({"type": "chat", "uid": "order-7"})),
        ("/api/apps/init", json!({"app": {"type": "chat", "uid": "order-8"}})),
    ] {
        let create = async || {
            let request = ann.request(Method::POST, path).header("Idempotency-Key", path);
            send(request.json(&body)).await
        };
        let made = create().await;
        assert!(made.status.is_success(), "{path}");
        let id = &made.body["id"];
        ann.delete(&format!("/api/apps/{id}")).await.expect(204);
        assert_eq!(create().await.expect(204), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_see_what_they_wrote() {
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

#[tokio::test]
async fn a_name_that_is_null_or_blank_is_none_and_single_quotes_are_read() {
    let server = Server::fresh().await;
    let (ann, ..) = three(&server).await;
    for name in [json!(null), json!(""), json!("  ")] {
        let body = json!({"members": ["bob", "cat"], "name": name});
        let room = ann.post("/api/conversations", body).await.expect(201);
        assert_eq!((room.get("name"), &room["display_name"]), (None, &json!("Bob, Cat")));
    }
}

#[tokio::test]
async fn a_private_chat_is_the_same_one_wherever_it_was_made() {
    let server = Server::fresh().await;
    let (ann, bob, _) = three(&server).await;
    crate::protocol::chat(&ann, "bob").await;
    crate::pulse::direct(&bob, "cat").await;
    for (caller, members) in [(&ann, json!(["bob"])), (&bob, json!(["ann"])), (&bob, json!([3]))] {
        let before = caller.listed("", "id").await;
        let found = caller.create(members).await;
        assert!(before.contains(&found["id"]), "{found}");
        assert_eq!(caller.listed("", "id").await, before);
    }
}

/// What the contract says of each property: its type, and whether it is always present.
#[tokio::test]
async fn a_private_chat_with_messages_has_every_property_as_it_is_told() {
    let server = Server::fresh().await;
    let (ann, bob, _) = three(&server).await;
    let profile = json!({"avatar_url": "https://host.example/bob.png"});
    server.key().put_json("/api/users/bob", profile).await.expect(200);
    let chat = ann.create(json!(["bob"])).await;
    let path = format!("/api/apps/{}/messages", chat["id"]);
    let body = json!({"text": "hi", "metadata": {"a": null}, "tags": ["t"]});
    bob.post(&path, body).await.expect(200);
    ann.put(&format!("/api/conversations/{}/mark", chat["id"])).await.expect(200);
    let mut seen = ann.get(&format!("/api/conversations/{}", chat["id"])).await.expect(200);
    blank_times(&mut seen);
    let by = |id, uid, name| json!({"id": id, "uid": uid, "display_name": name});
    let (mut bobs, ann_is) = (by(2, "bob", "Bob"), by(1, "ann", "Ann"));
    bobs["avatar_url"] = json!("https://host.example/bob.png");
    let with = |person: &Value, more: Value| {
        let mut member = person.clone();
        member.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        member
    };
    let last = seen["last_message_id"].clone();
    assert_eq!(
        seen,
        json!({
            "id": chat["id"], "type": PRIVATE, "display_name": "Bob", "tags": [],
            "avatar_url": "https://host.example/bob.png",
            "created_at": "T", "created_by_id": 1, "created_by": ann_is,
            "modified_at": "T", "modified_by_id": 1, "modified_by": ann_is,
            "member_count": 2, "user_id": 2,
            "members": [
                with(&ann_is, json!({"presence": "active", "marked_id": last, "marked_at": "T"})),
                with(&bobs, json!({"presence": "active"})),
            ],
            "last_message_id": last,
            "last_message": {
                "id": last, "app_id": chat["id"], "text": "hi", "html": "<p>hi</p>", "plain": "hi",
                "attachment_count": 0, "metadata": {"a": null}, "tags": ["t"],
                "created_at": "T", "created_by_id": 2, "created_by": bobs, "is_trashed": false,
            },
            "is_pinned": false, "is_unread": false, "is_starred": false, "is_subscribed": true,
            "is_trashed": false
        })
    );
}

/// Checks the format of each time, and replaces it by a `T`.
fn blank_times(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(blank_times),
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if name.ends_with("_at") => {
                        let form = "%Y-%m-%dT%H:%M:%SZ";
                        assert!(
                            chrono::NaiveDateTime::parse_from_str(text, form).is_ok(),
                            "{text}"
                        );
                        *text = "T".to_owned();
                    }
                    value => blank_times(value),
                }
            }
        }
        _ => {}
    }
}
