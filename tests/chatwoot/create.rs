//! How a conversation is created (section 5).

use serde_json::{Value, json};

use super::desk::{inbox, path, refusal};
use super::scene::{Scene, counts, ids, list, of};
use crate::harness::Answer;

async fn create(scene: &Scene, body: Value) -> Answer {
    scene.host.post(&path("/conversations"), body).await
}

#[tokio::test]
async fn a_conversation_is_there_at_once_for_everybody() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let made = scene.create(json!({})).await;
    let id = made["id"].as_i64().unwrap();
    assert_eq!((&made["account_id"], &made["inbox_id"]), (&json!(1), &scene.inbox["id"]));
    assert_eq!(ids(&list(&ann, "").await), [id]);
    assert_eq!(counts(&list(&ann, "").await), [0, 0, 1, 1]);
    assert_eq!(ann.get(&of(id, "")).await.expect(200), made);
}

#[tokio::test]
async fn ids_are_numbers_or_texts_and_null_is_not_given() {
    let scene = Scene::new().await;
    let (_, ann) = scene.agent("ann").await;
    let team = scene.team("helpers", &[]).await;
    for (assignee, team) in
        [(json!(ann), json!(team)), (json!(ann.to_string()), json!(team.to_string()))]
    {
        let body = json!({
            "inbox_id": scene.inbox["id"].to_string(),
                      "contact_id": scene.contact["id"].to_string(),
            "assignee_id": assignee, "team_id": team, "source_id": null, "status": null,
            "priority": null, "message": null, "snoozed_until": null, "custom_attributes": null,
            "additional_attributes": "no object", "unknown": {"a": 1},
        });
        let made = create(&scene, body).await.expect(200);
        assert_eq!(made["meta"]["assignee"]["id"], ann, "also when they are not in the team");
        assert_eq!(
            made["meta"]["team"]["id"].to_string(),
            team.as_str().map_or(team.to_string(), str::to_owned)
        );
        assert_eq!((&made["status"], &made["additional_attributes"]), (&json!("open"), &json!({})));
    }
}

#[tokio::test]
async fn what_a_conversation_refers_to_has_to_be_there() {
    let scene = Scene::new().await;
    let (_, eve) = scene.outsider("eve").await;
    let max = scene.server.caller("max").arrive().await;
    for body in [
        json!({"inbox_id": 999_999, "contact_id": scene.contact["id"]}),
        json!({"inbox_id": "x", "contact_id": scene.contact["id"]}),
        json!({"inbox_id": scene.inbox["id"], "contact_id": 999_999}),
        json!({"source_id": "nobody"}),
        json!({"source_id": "nobody", "inbox_id": scene.inbox["id"]}),
        scene.body(json!({"assignee_id": 999_999})),
        scene.body(json!({"assignee_id": max})),
        scene.body(json!({"assignee_id": "x"})),
        scene.body(json!({"team_id": 999_999})),
    ] {
        create(&scene, body.clone()).await.expect(404);
    }
    assert_eq!(counts(&list(&scene.host, "status=all").await)[3], 0);
    let made = create(&scene, scene.body(json!({"assignee_id": eve}))).await.expect(200);
    assert_eq!(made["meta"]["assignee"]["name"], "Eve", "whatever inboxes they are in");
}

#[tokio::test]
async fn values_that_are_refused_leave_nothing() {
    let scene = Scene::new().await;
    for (further, attributes) in [
        (json!({"status": "closed"}), json!(["status"])),
        (json!({"priority": "asap"}), json!(["priority"])),
        (json!({"status": "snoozed", "snoozed_until": "soon"}), json!(["snoozed_until"])),
        (json!({"custom_attributes": {"a": "x".repeat(1_501)}}), json!(["base"])),
        (json!({"additional_attributes": {"a": 10_000_000_000_i64}}), json!(["base"])),
        (json!({"message": {"content": " "}}), json!(["content"])),
        (json!({"message": {"content": "x", "content_type": "poem"}}), json!(["content_type"])),
        (json!({"source_id": "x".repeat(257)}), json!(["source_id"])),
    ] {
        let (status, _, refused) = refusal(&create(&scene, scene.body(further)).await);
        assert_eq!((status, refused), (422, attributes));
    }
    assert_eq!(counts(&list(&scene.host, "status=all").await)[3], 0);
    let fits = json!({"custom_attributes": {"a": "x".repeat(1_500), "b": 9_999_999_999_i64}});
    create(&scene, scene.body(fits)).await.expect(200);
}

#[tokio::test]
async fn the_message_is_written_with_the_conversation() {
    let scene = Scene::new().await;
    let message = json!({"content": "Help!", "message_type": "incoming", "echo_id": 7});
    let made = scene.create(json!({"message": message})).await;
    assert_eq!(made["messages"][0]["content"], "Help!");
    assert_eq!((&made["unread_count"], &made["messages"][0]["echo_id"]), (&json!(1), &json!("7")));
    for none in [json!({}), json!(null), json!("")] {
        assert_eq!(scene.create(json!({"message": none})).await["messages"], json!([]));
    }
}

#[tokio::test]
async fn a_source_id_is_one_contacts_and_names_the_contact() {
    let scene = Scene::new().await;
    let first = scene.create(json!({"source_id": "src-1"})).await;
    let again = scene.create(json!({"source_id": "src-1"})).await;
    assert_ne!(first["id"], again["id"], "a conversation of its own for each request");
    let other = scene.host.post(&path("/contacts"), json!({"name": "Bo"})).await.expect(200);
    let other = &other["payload"]["contact"]["id"];
    let taken = scene.body(json!({"source_id": "src-1", "contact_id": other}));
    let (status, text, _) = refusal(&create(&scene, taken).await);
    assert_eq!((status, &*text), (422, "source_id should be unique"));
    for body in [
        json!({"source_id": "src-1"}),
        json!({"source_id": "src-1", "inbox_id": scene.inbox["id"]}),
        json!({"source_id": "src-1", "contact_id": scene.contact["id"].to_string()}),
    ] {
        let found = create(&scene, body).await.expect(200);
        assert_eq!(found["meta"]["sender"]["id"], scene.contact["id"]);
        assert_eq!(found["inbox_id"], scene.inbox["id"]);
    }
    create(&scene, json!({"source_id": "src-1", "contact_id": other})).await.expect(404);
    // If several inboxes know a source id, the newest one is taken.
    let newer = inbox(&scene.host, "newer").await;
    let there = json!({"inbox_id": newer["id"], "contact_id": other, "source_id": "src-1"});
    create(&scene, there).await.expect(200);
    let found = create(&scene, json!({"source_id": "src-1"})).await.expect(200);
    assert_eq!((&found["inbox_id"], &found["meta"]["sender"]["id"]), (&newer["id"], other));
    let (ann, _) = scene.agent("ann").await;
    ann.post(&path("/conversations"), json!({"source_id": "src-1"})).await.expect(403);
}

#[tokio::test]
async fn without_a_source_id_inbox_and_contact_have_to_be_given() {
    let scene = Scene::new().await;
    for body in [
        json!({}),
        json!({"source_id": " "}),
        json!({"inbox_id": scene.inbox["id"]}),
        json!({"contact_id": scene.contact["id"]}),
    ] {
        let answer = create(&scene, body).await;
        let (status, text, attributes) = refusal(&answer);
        assert_eq!((status, &*text), (422, "creating a conversation requires a source id"));
        assert_eq!(attributes, json!(["source_id"]));
    }
}
