//! The fields of a conversation (section 3).

use serde_json::{Value, json};

use super::scene::{Scene, list, of};

#[tokio::test]
async fn a_new_conversation_has_every_field() {
    let scene = Scene::new().await;
    let made = scene.create(json!({"source_id": "src-1"})).await;
    let created = &made["created_at"];
    let contact = &scene.contact;
    assert!(created.is_i64() && made["updated_at"].is_f64());
    assert_eq!(made["uuid"].as_str().unwrap().len(), 36);
    let wanted = json!({
        "meta": {
            "sender": {
                "id": contact["id"], "name": "Ana", "email": "ana@example.com",
                "phone_number": null, "identifier": null, "blocked": false, "thumbnail": "",
                "availability_status": "offline", "additional_attributes": {},
                "custom_attributes": {}, "created_at": contact["created_at"],
            },
            "channel": "Channel::Api",
            "hmac_verified": false,
        },
        "id": made["id"], "account_id": 1, "inbox_id": scene.inbox["id"], "uuid": made["uuid"],
        "status": "open", "priority": null, "messages": [], "last_non_activity_message": null,
        "unread_count": 0, "labels": [], "muted": false, "can_reply": true,
        "additional_attributes": {}, "custom_attributes": {}, "agent_last_seen_at": 0,
        "assignee_last_seen_at": 0, "contact_last_seen_at": 0, "created_at": created,
        "last_activity_at": created, "timestamp": created, "first_reply_created_at": 0,
        "waiting_since": created, "updated_at": made["updated_at"], "snoozed_until": null,
        "sla_policy_id": null,
    });
    assert_eq!(made, wanted);
}

#[tokio::test]
async fn a_conversation_that_somebody_takes_care_of_says_who() {
    let scene = Scene::new().await;
    let (ann, id) = scene.agent("ann").await;
    let team = scene.team("helpers", &[id]).await;
    let end = json!("2099-01-01T00:00:00.500Z");
    let made = scene.create(json!({
        "assignee_id": id, "team_id": team, "status": "snoozed", "snoozed_until": end,
        "priority": "urgent", "additional_attributes": {"browser": {"name": "Firefox"}},
        "custom_attributes": {"plan": "gold"},
    }));
    let made = made.await;
    let meta = &made["meta"];
    assert_eq!((&meta["assignee"]["id"], &meta["assignee_type"]), (&json!(id), &json!("User")));
    assert_eq!(meta["assignee"]["email"], "", "never null");
    assert_eq!((&meta["team"]["id"], &meta["team"]["name"]), (&json!(team), &json!("helpers")));
    assert_eq!(meta["team"]["is_member"], false);
    let seen = ann.get(&of(made["id"].as_i64().unwrap(), "")).await.expect(200);
    assert_eq!(seen["meta"]["team"]["is_member"], true);
    assert_eq!((&made["snoozed_until"], &made["priority"]), (&end, &json!("urgent")));
    assert_eq!(made["additional_attributes"]["browser"]["name"], "Firefox");
    assert_eq!(made["custom_attributes"], json!({"plan": "gold"}));
}

#[tokio::test]
async fn the_newest_message_stands_in_its_conversation() {
    let scene = Scene::new().await;
    let made = scene.create(json!({"source_id": "src-1"})).await;
    let id = made["id"].as_i64().unwrap();
    let posted = scene.incoming(id, "hello").await;
    let now = list(&scene.host, "").await["payload"][0].clone();
    let contact = &scene.contact;
    let wanted = json!({
        "id": posted["id"], "content": "hello", "account_id": 1, "inbox_id": scene.inbox["id"],
        "conversation_id": id, "message_type": 0, "created_at": posted["created_at"],
        "updated_at": now["messages"][0]["updated_at"], "private": false, "status": "sent",
        "source_id": null, "content_type": "text", "content_attributes": {},
        "sender_type": "Contact", "sender_id": contact["id"], "external_source_ids": {},
        "additional_attributes": {}, "processed_message_content": "hello", "sentiment": {},
        "conversation": {
            "assignee_id": null, "unread_count": 1, "last_activity_at": posted["created_at"],
            "contact_inbox": {"source_id": "src-1"},
        },
        "sender": {
            "id": contact["id"], "name": "Ana", "email": "ana@example.com", "phone_number": null,
            "identifier": null, "thumbnail": "", "blocked": false, "additional_attributes": {},
            "custom_attributes": {}, "type": "contact",
        },
    });
    assert_eq!(now["messages"], json!([wanted]));
    assert_eq!(now["last_non_activity_message"], wanted);
    assert_eq!(now["meta"]["sender"]["last_activity_at"], posted["created_at"]);
    let updated_at = wanted["updated_at"].as_str().unwrap();
    assert!(updated_at.ends_with('Z') && updated_at.len() == "2025-06-15T15:11:40.123Z".len());
}

#[tokio::test]
async fn who_sent_a_message_is_told() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let robot = scene.server.caller_with("robot", 1, "bot");
    let id = scene.conversation().await;
    for (caller, kind, r#type, name) in [
        (&ann, json!("User"), json!("user"), json!("Ann")),
        (&robot, json!("AgentBot"), json!("agent_bot"), json!("Robot")),
        (&scene.host, Value::Null, Value::Null, Value::Null),
    ] {
        caller.post(&of(id, "/messages"), json!({"content": "Hi"})).await.expect(200);
        let newest = scene.get(id).await["messages"][0].clone();
        assert_eq!(newest["message_type"], 1);
        assert_eq!(newest["sender_type"], kind);
        assert_eq!(newest.get("sender").is_some(), !kind.is_null());
        assert_eq!((&newest["sender"]["type"], &newest["sender"]["name"]), (&r#type, &name));
        assert_eq!(newest["sender_id"], newest["sender"]["id"]);
        assert!(newest.get("echo_id").is_none() && newest.get("attachments").is_none());
        if kind == "User" {
            assert_eq!(newest["sender_id"], ann_id);
        }
    }
}
