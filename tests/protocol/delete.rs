use serde_json::json;

use super::{chat, get, id, pair, path, say};
use crate::harness::Server;

#[tokio::test]
async fn either_of_two_may_erase_their_chat_for_good() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    for (caller, number) in [(&ann, 0), (&bob, 1)] {
        let made = chat(&ann, "bob").await;
        let message = say(&ann, &made, "secret").await;
        let weavy = super::weavy_id(&ann, &made).await;
        caller.delete(&path(&made)).await.expect(204);
        for member in [&ann, &bob] {
            member.get(&path(&made)).await.expect(404);
            member.delete(&path(&made)).await.expect(404);
            member.put_json(&path(&made), json!({})).await.expect(404);
            member.get(&format!("/v1/messages/{}", id(&message))).await.expect(404);
            member.get(&format!("/v1/messages?conversation_id={}", id(&made))).await.expect(404);
            member.get(&format!("/api/conversations/{weavy}")).await.expect(404);
            let uuid = super::uuid(id(&made));
            member.get(&format!("/api/v1/chats/{uuid}")).await.expect(404);
            member.get(&format!("/api/v1/direct_conversations/{uuid}")).await.expect(404);
        }
        let next = ann.post("/v1/conversations", json!({"contact_id": "bob"})).await.expect(201);
        assert_ne!(next["id"], made["id"], "chat {number}");
        assert_eq!(next["last_active_at"], json!(null));
        let listed = ann.get(&format!("/v1/messages?conversation_id={}", id(&next))).await;
        assert_eq!(listed.expect(200), json!({"has_more": false, "data": []}));
        ann.delete(&path(&next)).await.expect(204);
    }
}

/// Each erased chat is a stream that stays in the log.
#[tokio::test]
async fn a_new_chat_costs_no_more_however_many_were_erased_before_it() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let mut made = std::collections::BTreeSet::new();
    for number in 0..20 {
        let caller = if number % 2 == 0 { &ann } else { &bob };
        let chat = chat(&ann, "bob").await;
        assert!(made.insert(id(&chat).to_string()));
        caller.delete(&path(&chat)).await.expect(204);
    }
    let commands = async || {
        let metrics = server.key().get("/metrics").await.expect(200);
        let counted = "colloquy_command_seconds_count{command=\"CreateConversation\"} ";
        let count = metrics.as_str().unwrap().lines().find_map(|line| line.strip_prefix(counted));
        count.unwrap().parse::<u64>().unwrap()
    };
    let before = commands().await;
    let next = chat(&ann, "bob").await;
    assert_eq!(commands().await - before, 2, "the first of the pair's chats, and the new one");
    ann.get(&path(&next)).await.expect(200);
}

#[tokio::test]
async fn what_belongs_to_many_only_its_creator_or_an_administrator_may_erase() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let cat = server.caller("cat");
    let administrator = server.caller_with("adm", 1, "administrator");
    let elsewhere = server.caller_with("adm", 2, "administrator");
    let make = async || {
        let body = json!({"name": "Team", "contacts": ["bob"]});
        ann.post("/v1/groups", body).await.expect(201)
    };
    let group = make().await;
    bob.delete(&path(&group)).await.expect(403);
    cat.delete(&path(&group)).await.expect(404);
    elsewhere.delete(&path(&group)).await.expect(404);
    get(&bob, &group).await;
    ann.delete(&path(&group)).await.expect(204);
    bob.get(&format!("/v1/groups/{}", id(&group))).await.expect(404);
    let private = chat(&ann, "bob").await;
    administrator.delete(&path(&private)).await.expect(404);
    get(&bob, &private).await;
    let group = make().await;
    administrator.delete(&path(&group)).await.expect(204);
    ann.get(&path(&group)).await.expect(404);
}
