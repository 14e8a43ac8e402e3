use domain::ConversationId;
use domain::conversation::Command;
use reqwest::Method;
use serde_json::json;

use super::{chat, id, pair, uuid};
use crate::harness::{Installation, Server, send};

#[tokio::test]
async fn two_have_one_private_chat_started_by_either_on_any_dialect() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = ann.post("/v1/conversations", json!({"contact_id": "bob"})).await.expect(201);
    let again = ann.post("/v1/conversations", json!({"contact_id": made["contact_id"]})).await;
    assert_eq!(again.expect(200), made, "the id of the contact is as good as the uid");
    let from_bob = bob.form(Method::POST, "/v1/conversations", &[("contact_id", "ann")]).await;
    assert_eq!(id(&from_bob.expect(200)), id(&made));

    let on_weavy = ann.create(json!(["bob"])).await;
    assert_eq!(on_weavy["id"], super::weavy_id(&ann, &made).await);
    let contact = ann.get("/v1/contacts/bob").await.expect(200);
    assert_eq!(contact["conversation_id"], made["id"]);
}

#[tokio::test]
async fn one_that_was_made_on_weavy_is_found() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    ann.create(json!(["bob"])).await;
    let contact = ann.get("/v1/contacts/bob").await.expect(200);
    let found = ann.post("/v1/conversations", json!({"contact_id": "bob"})).await.expect(200);
    assert_eq!(found["id"], contact["conversation_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_make_one() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let mut creating = tokio::task::JoinSet::new();
    for n in 0..50 {
        let (caller, other) = if n % 2 == 0 { (ann.clone(), "bob") } else { (bob.clone(), "ann") };
        creating.spawn(async move {
            caller.post("/v1/conversations", json!({ "contact_id": other })).await
        });
    }
    let answers = creating.join_all().await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let found = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, found), (1, 49));
    assert!(answers.iter().all(|answer| answer.body["id"] == answers[0].body["id"]));
}

#[tokio::test]
async fn a_repeat_leaves_an_archived_one_archived_and_restores_a_trashed_one() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let archived = ann.put_json(&super::path(&made), json!({"archived_at": 1_700_000_000})).await;
    let archived = archived.expect(200);
    let again = ann.post("/v1/conversations", json!({"contact_id": "bob"})).await;
    assert_eq!(again.expect(200), archived);
    let events: Vec<String> =
        sqlx::query_scalar("select event_type from events where aggregate_id = $1")
            .bind(uuid(id(&made)).to_string())
            .fetch_all(&installation.pool().await)
            .await
            .unwrap();
    assert_eq!(events, ["ConversationCreated"]);

    let position =
        installation.tell(ConversationId::new(uuid(id(&made))), Command::TrashConversation).await;
    let trashed = ann.request(Method::GET, &super::path(&made));
    send(trashed.header("Colloquy-Position", position)).await.expect(404);
    assert_eq!(super::ids(&ann.get("/v1/conversations").await), [] as [String; 0]);
    let contact = ann.get("/v1/contacts/bob").await.expect(200);
    assert_eq!(contact["conversation_id"], json!(null));
    let restored = ann.post("/v1/conversations", json!({"contact_id": "bob"})).await;
    assert_eq!(restored.expect(200), archived);
}

#[tokio::test]
async fn what_names_nobody_or_two_is_refused() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    server.caller("cat").arrive().await;
    let group = ann.post("/v1/groups", json!({"name": "Team"})).await.expect(201);
    let foreign = server.caller("cat").post("/v1/groups", json!({"name": "Other"})).await;
    let foreign = foreign.expect(201);
    let stranger = server.caller_with("zoe", 2, "member");
    let zoe = stranger.get("/v1/contacts/zoe").await.expect(200);
    let private = chat(&ann, "cat").await;
    for (body, status) in [
        (json!({}), 400),
        (json!({"contact_id": null}), 400),
        (json!({"contact_id": "", "group_id": null}), 400),
        (json!({"contact_id": "bob", "group_id": group["id"]}), 400),
        (json!({"contact_id": "ann"}), 400),
        (json!({"contact_id": ["bob"]}), 400),
        (json!({"contact_id": "nobody"}), 404),
        (json!({"contact_id": zoe["id"]}), 404),
        (json!({"contact_id": "a\u{0}b"}), 400),
        (json!({"group_id": "nothing"}), 404),
        (json!({"group_id": foreign["id"]}), 404),
        (json!({"group_id": private["id"]}), 404),
    ] {
        let answer = ann.post("/v1/conversations", body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body} {}", answer.body);
    }
    let with_null = json!({"contact_id": null, "group_id": group["id"]});
    let found = ann.post("/v1/conversations", with_null).await.expect(200);
    assert_eq!((&found["id"], &found["group_id"]), (&group["id"], &group["id"]));
    assert_eq!(found["contact_id"], json!(null));
}

#[tokio::test]
async fn a_repeated_request_is_answered_alike() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let post = async |body: serde_json::Value| {
        let request = ann.request(Method::POST, "/v1/conversations");
        send(request.header("Idempotency-Key", "k").json(&body)).await
    };
    let first = post(json!({"contact_id": "bob"})).await.expect(201);
    assert_eq!(post(json!({"contact_id": "bob"})).await.expect(201), first);
    let same = first["contact_id"].clone();
    for another in [json!({"contact_id": "cat"}), json!({"contact_id": same}), json!({})] {
        let refused = post(another).await.expect(422);
        assert_eq!(refused["type"], "invalid_request");
        assert!(refused["message"].as_str().unwrap().contains("Idempotency-Key"), "{refused}");
    }
}
