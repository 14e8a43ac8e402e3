//! Agents get events of what happens in their inboxes, by the same rule as the lists.

use reqwest::Method;
use serde_json::json;

use super::desk::{conversation, inbox, members, path};
use super::scene::{Scene, of};
use crate::harness::{Installation, send};

/// Removes an agent from an inbox.
async fn dismiss(scene: &Scene, agent: i64) {
    let body = json!({"inbox_id": scene.inbox["id"], "user_ids": [agent]});
    let request = scene.host.request(Method::DELETE, &path("/inbox_members"));
    send(request.json(&body)).await.expect(200);
}

#[tokio::test]
async fn agents_are_told_of_their_inboxes_for_as_long_as_they_are_in() {
    let scene = Scene::new().await;
    let other = inbox(&scene.host, "other").await;
    let (ann, ann_id) = scene.agent("ann").await;
    let (bob, _) = scene.outsider("bob").await;
    members(&scene.host, &other, &["bob"]).await;
    let boss = scene.server.caller_with("boss", 1, "administrator");
    let mut anns = [ann.listen().await, ann.listen().await];
    let [mut bobs, mut bosses] = [bob.listen().await, boss.listen().await];
    let mut hosts = scene.host.listen().await;

    let id = scene.conversation().await;
    scene.incoming(id, "Hello?").await;
    ann.post(&of(id, "/mute"), json!({})).await.expect(200);
    ann.post(&of(id, "/update_last_seen"), json!({})).await.expect(200);
    let elsewhere = conversation(&scene.host, &other, &scene.contact).await;
    let second = elsewhere["id"].as_i64().unwrap();
    scene.host.post(&of(second, "/toggle_priority"), json!({"priority": "low"})).await.expect(200);
    ann.post(&of(id, "/toggle_priority"), json!({"priority": "high"})).await.expect(200);
    let seen = [
        "ConversationCreated",
        "MessagePosted",
        "StatusChanged",
        "ConversationMuted",
        "MarkedRead",
        "PriorityChanged",
    ];
    for listening in &mut anns {
        assert_eq!(listening.types_up_to("PriorityChanged").await, seen);
    }
    let of_bob = bobs.up_to("PriorityChanged").await;
    assert_eq!(of_bob[0].data["conversation"], elsewhere["uuid"]);
    assert_eq!(of_bob.len(), 2);
    let of_boss = bosses.types_up_to("PriorityChanged").await;
    assert_eq!(of_boss, [&seen[..5], &["ConversationCreated", "PriorityChanged"]].concat());
    assert_eq!(hosts.types_up_to("PriorityChanged").await, of_boss);

    // New members get events from then on, former members no longer.
    dismiss(&scene, ann_id).await;
    members(&scene.host, &scene.inbox, &["bob"]).await;
    scene.incoming(id, "Are you there?").await;
    assert_eq!(bobs.types_up_to("MessagePosted").await, ["MessagePosted"]);
    let chat = bob.create(json!(["ann"])).await;
    for listening in &mut anns {
        let told = listening.next().await.unwrap();
        assert_eq!(told.data["conversation_number"], chat["id"], "{told:?}");
    }
}

#[tokio::test]
async fn what_an_agent_has_missed_is_of_the_inboxes_that_they_are_in_now() {
    let installation = Installation::new().await;
    let scene = Scene::on(&installation).await;
    let other = inbox(&scene.host, "other").await;
    let (ann, ann_id) = scene.agent("ann").await;
    let boss = scene.server.caller_with("boss", 1, "administrator");
    let id = scene.conversation().await;
    scene.incoming(id, "Hello?").await;
    scene.host.post(&of(id, "/mute"), json!({})).await.expect(200);
    let elsewhere = conversation(&scene.host, &other, &scene.contact).await;
    let missed = ann.listen_from(Some(id - 1)).await.types_up_to("ConversationMuted").await;
    let seen = ["ConversationCreated", "MessagePosted", "StatusChanged", "ConversationMuted"];
    assert_eq!(missed, seen);

    let mut bosses = boss.listen().await;
    dismiss(&scene, ann_id).await;
    members(&scene.host, &other, &["ann"]).await;
    scene.conversation().await;
    // By then the node has sent all of them.
    bosses.up_to("ConversationCreated").await;
    // A node that has not sent anything yet.
    let node = installation.start();
    for ann in [&ann, &node.caller_with("ann", 1, "agent")] {
        let told = ann.listen_from(Some(id - 1)).await.next().await.unwrap();
        assert_eq!(told.data["conversation"], elsewhere["uuid"], "{told:?}");
    }
}
