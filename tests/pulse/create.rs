use domain::conversation::Command;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ann_and, direct, error, get, id, ids, say, submit, submit_document, user};
use crate::harness::{Installation, Server, send};

const PATH: &str = "/direct_conversations";

#[tokio::test]
async fn a_pair_gets_one_direct_conversation_with_its_chat_and_two_memberships() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, _) = ann_and(&server, &["bob"]).await;
    let (a, b) = (user(&ann, "ann").await, user(&ann, "bob").await);
    let attributes = json!({"user_id": b, "first_user_id": null});
    let made = submit(&ann, Method::POST, PATH, "direct_conversation", attributes).await;
    assert_eq!(made.headers["content-type"], super::MEDIA_TYPE);
    assert!(made.headers["vary"].to_str().unwrap().contains("Accept"));
    let location = made.headers["location"].to_str().unwrap().to_owned();
    let body = made.expect(201);
    let d = id(&body["data"]).to_owned();
    assert_eq!(location, format!("/api/v1/direct_conversations/{d}"));
    let created_at = body["data"]["attributes"]["created_at"].as_str().unwrap();
    assert_eq!(created_at.len(), "2026-01-01T00:00:00.000Z".len());
    let wanted = json!({
        "jsonapi": {"version": "1.1"},
        "data": {
            "id": d, "type": "direct_conversation",
            "attributes": {"user_id": b, "first_user_id": a, "second_user_id": b,
                           "created_at": created_at},
            "relationships": {"chat": {"data": {"type": "chat", "id": d}},
                              "first_user": {"data": {"type": "user", "id": a}},
                              "second_user": {"data": {"type": "user", "id": b}}},
            "links": {"self": location}
        }
    });
    assert_eq!(body, wanted);
    assert_eq!(ann.get(&location).await.expect(200), wanted);

    let memberships = get(&ann, &format!("/chat_memberships?filter[chat_id]={d}")).await;
    let memberships = memberships.expect(200);
    let mut members: Vec<&Value> = memberships["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["attributes"]["user_id"])
        .collect();
    members.sort_by_key(|id| id.to_string());
    let mut both = [json!(a), json!(b)];
    both.sort_by_key(|id| id.to_string());
    assert_eq!(members, both.iter().collect::<Vec<_>>());
    let chat = get(&ann, &format!("/chats/{d}")).await.expect(200);
    let attributes = &chat["data"]["attributes"];
    assert_eq!(
        (&attributes["context_type"], &attributes["context_id"]),
        (&json!("direct_conversation"), &json!(d))
    );
    let events: Vec<String> =
        sqlx::query_scalar("select event_type from events where aggregate_type = 'conversation'")
            .fetch_all(&installation.pool().await)
            .await
            .unwrap();
    assert_eq!(events, ["ConversationCreated"]);
}

#[tokio::test]
async fn it_is_the_same_chat_on_every_dialect_and_from_either_side() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, others) = ann_and(&server, &["bob", "cat", "dan"]).await;
    let bob = &others[0];
    let made = direct(&ann, "bob").await;
    let again = direct(bob, "ann").await;
    assert_eq!(id(&again), id(&made));
    assert_eq!(again["attributes"]["first_user_id"], json!(user(&ann, "ann").await));
    assert_eq!(again["attributes"]["user_id"], json!(user(&ann, "ann").await));

    let on_weavy = ann.create(json!(["cat"])).await;
    ann.post("/v1/conversations", json!({"contact_id": "dan"})).await.expect(201);
    let pool = installation.pool().await;
    let head = async || -> i64 {
        sqlx::query_scalar("select position from log_head").fetch_one(&pool).await.unwrap()
    };
    let before = head().await;
    for uid in ["bob", "cat", "dan"] {
        let attributes = json!({"user_id": user(&ann, uid).await});
        let found = submit(&ann, Method::POST, PATH, "direct_conversation", attributes).await;
        found.expect(200);
    }
    assert_eq!(head().await, before, "nothing is appended");

    let attributes = json!({"contact_id": "bob"});
    ann.post("/v1/conversations", attributes).await.expect(200);

    // Protocol's id is the same number in another base.
    let protocol = ann.get("/v1/conversations").await.expect(200);
    let uuids: Vec<String> = protocol["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| crate::protocol::uuid(one["id"].as_str().unwrap()).to_string())
        .collect();
    let listed = ids(&get(&ann, PATH).await);
    assert!(listed.iter().all(|id| uuids.contains(id)), "{listed:?} {uuids:?}");
    assert_eq!(listed.len(), 3);

    let conversation = uuids[0].parse().unwrap();
    let position = installation.tell(conversation, Command::TrashConversation).await;
    let path = format!("/api/v1/direct_conversations/{conversation}");
    let trashed = ann.request(Method::GET, &path).header("Colloquy-Position", position);
    assert_eq!(error(&send(trashed).await).0, 404);
    assert_eq!(ids(&get(&ann, PATH).await).len(), 2);
    let restored = direct(&ann, "dan").await;
    assert_eq!(id(&restored), uuids[0]);
    assert_eq!(ids(&get(&ann, PATH).await).len(), 3);
    assert!(on_weavy["id"].is_i64());
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_from_either_side_make_one() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob"]).await;
    let (a, b) = (user(&ann, "ann").await, user(&ann, "bob").await);
    let mut creating = tokio::task::JoinSet::new();
    for n in 0..50 {
        let (caller, other) =
            if n % 2 == 0 { (ann.clone(), b.clone()) } else { (others[0].clone(), a.clone()) };
        creating.spawn(async move {
            let attributes = json!({ "user_id": other });
            submit(&caller, Method::POST, PATH, "direct_conversation", attributes).await
        });
    }
    let answers = creating.join_all().await;
    let with = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(201), with(200)), (1, 49));
    let same = |answer: &&crate::harness::Answer| {
        answer.body["data"]["id"] == answers[0].body["data"]["id"]
    };
    assert!(answers.iter().all(|answer| same(&answer)));
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_where_it_is_wrong() {
    let server = Server::fresh().await;
    let (ann, _) = ann_and(&server, &["bob"]).await;
    let (a, b) = (user(&ann, "ann").await, user(&ann, "bob").await);
    let stranger = server.caller_with("zoe", 2, "member");
    let elsewhere = user(&stranger, "zoe").await;
    let at = |name: &str| json!({"pointer": format!("/data/attributes/{name}")});
    for (attributes, status, code, source) in [
        (json!({}), 422, "required", json!({"pointer": "/data/attributes"})),
        (json!({"user_id": null}), 422, "required", at("user_id")),
        (json!({"user_id": 7}), 422, "unprocessable", at("user_id")),
        (json!({"user_id": a}), 422, "self_conversation", at("user_id")),
        (json!({"user_id": "bob"}), 404, "not_found", at("user_id")),
        (json!({"user_id": uuid::Uuid::nil()}), 404, "not_found", at("user_id")),
        (json!({"user_id": elsewhere}), 404, "not_found", at("user_id")),
        (json!({"user_id": b, "first_user_id": a}), 422, "read_only", at("first_user_id")),
        (json!({"user_id": b, "second_user_id": b}), 422, "read_only", at("second_user_id")),
    ] {
        let answer = submit(&ann, Method::POST, PATH, "direct_conversation", attributes.clone());
        assert_eq!(error(&answer.await), (status, code.to_owned(), source), "{attributes}");
    }
    let missing =
        submit_document(&ann, Method::POST, PATH, json!({"data": {"type": "direct_conversation"}}));
    assert_eq!(error(&missing.await).2, json!({"pointer": "/data"}));
    assert_eq!(ids(&get(&ann, PATH).await), [] as [String; 0], "nothing was made");
    let tolerated = json!({
        "meta": {"a": 1}, "jsonapi": {"version": "1.0"}, "links": {},
        "data": {"type": "direct_conversation", "attributes": {"user_id": b, "colour": "red"}}
    });
    submit_document(&ann, Method::POST, PATH, tolerated).await.expect(201);
}

#[tokio::test]
async fn nobody_else_sees_it() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob", "cat"]).await;
    let made = direct(&ann, "bob").await;
    let d = id(&made).to_owned();
    let message = say(&ann, &d, "secret").await;
    for caller in [&others[1], &server.caller_with("ann", 2, "member")] {
        for path in [
            format!("/direct_conversations/{d}"),
            format!("/chats/{d}"),
            format!("/chats/{d}/messages"),
            format!("/chats/{d}/bookmark"),
        ] {
            assert_eq!(error(&get(caller, &path).await).0, 404, "{path}");
        }
        let path = format!("/chats/{d}/messages/{}", id(&message));
        let document = json!({"content": "mine"});
        let edit = submit(caller, Method::PATCH, &path, "message", document).await;
        assert_eq!(error(&edit).0, 404);
        let path = format!("/chat_memberships?filter[chat_id]={d}");
        assert_eq!(get(caller, &path).await.expect(200)["meta"]["total"], 0);
        assert_eq!(get(caller, PATH).await.expect(200)["data"], json!([]));
    }
    let room = submit(&ann, Method::POST, "/chats", "chat", json!({"subject": "Room"})).await;
    let room = id(&room.expect(201)["data"]).to_owned();
    assert_eq!(error(&get(&ann, &format!("/direct_conversations/{room}")).await).0, 404);
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let path = format!("/api/v1/direct_conversations/{d}");
        let answer = send(ann.request(method, &path)).await;
        assert_eq!(answer.headers["allow"], "GET,HEAD");
        assert_eq!(error(&answer).0, 405);
    }
}

#[tokio::test]
async fn a_repeated_request_is_answered_with_the_first_status() {
    let server = Server::fresh().await;
    let (ann, _) = ann_and(&server, &["bob"]).await;
    direct(&ann, "bob").await;
    let b = user(&ann, "bob").await;
    let document = json!({"data": {"type": "direct_conversation", "attributes": {"user_id": b}}});
    let room = submit(&ann, Method::POST, "/chats", "chat", json!({"subject": "Room"})).await;
    let room = id(&room.expect(201)["data"]).to_owned();
    let member = json!({"data": {"type": "chat_membership",
                                 "attributes": {"chat_id": room, "user_id": b}}});
    let nobody = json!({"data": {"type": "chat_bookmark", "attributes": {}}});
    for (path, document, statuses) in [
        ("/direct_conversations".to_owned(), document, [200, 200]),
        ("/chat_memberships".to_owned(), member.clone(), [201, 201]),
        ("/chat_memberships".to_owned(), member, [200, 200]),
        (format!("/chats/{room}/bookmark"), nobody, [201, 201]),
    ] {
        let key = uuid::Uuid::new_v4().to_string();
        for status in statuses {
            let request = ann.request(Method::POST, &format!("/api/v1{path}"));
            let request = request.header("Content-Type", super::MEDIA_TYPE);
            let request = request.header("Idempotency-Key", &key).body(document.to_string());
            let answer = send(request).await;
            assert_eq!(answer.status.as_u16(), status, "{path} {}", answer.body);
        }
    }
}
