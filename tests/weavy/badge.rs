use serde_json::{Value, json};

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
