use reqwest::Method;
use serde_json::json;

use super::{ann_and, direct, get, id, ids, say, submit, user};
use crate::harness::Server;

#[tokio::test]
async fn two_users_from_hello_to_unread() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob", "cat"]).await;
    let bob = &others[0];
    // Ann creates, Bob finds the same.
    let d = id(&direct(&ann, "bob").await).to_owned();
    assert_eq!(id(&direct(bob, "ann").await), d);
    let with_cat = id(&direct(&ann, "cat").await).to_owned();
    // They talk; the newest chat is first.
    say(&ann, &d, "Hello Bob").await;
    let answer = say(bob, &d, "Hello Ann").await;
    let listed =
        get(&ann, "/direct_conversations?sort=-chat_updated_at&include=chat.latest_message").await;
    assert_eq!(ids(&listed), [d.as_str(), with_cat.as_str()]);
    let included = listed.body["included"].as_array().unwrap();
    let latest = included.iter().find(|one| one["type"] == "message").unwrap();
    assert_eq!(latest["attributes"]["content"], "Hello Ann");
    assert_eq!(latest["id"], answer["id"]);
    // Ann searches for Bob, and reads.
    let found = get(&ann, "/direct_conversations?search_peer=bo").await;
    assert_eq!(ids(&found), [d.as_str()]);
    ann.put(&format!("/api/v1/chats/{d}/bookmark")).await.expect(201);
    let badge = async || ann.get("/api/conversations/badge").await.expect(200)["private"].clone();
    assert_eq!(badge().await, 0);
    // Bob goes on, and it is unread again.
    say(bob, &d, "Still there?").await;
    assert_eq!(badge().await, 1);
    let path = format!("/chats/{d}?include=bookmark,latest_message");
    let chat = get(&ann, &path).await.expect(200);
    let included = chat["included"].as_array().unwrap();
    let of = |name: &str| included.iter().find(|one| one["type"] == name).unwrap();
    let read = of("chat_bookmark")["attributes"]["updated_at"].as_str().unwrap();
    let said = of("message")["attributes"]["created_at"].as_str().unwrap();
    assert!(read < said);
    // A third user gets nothing until added to a chat.
    let room = submit(&ann, Method::POST, "/chats", "chat", json!({"subject": "All"})).await;
    let room = id(&room.expect(201)["data"]).to_owned();
    let member = json!({"chat_id": room, "user_id": user(&ann, "cat").await});
    submit(&ann, Method::POST, "/chat_memberships", "chat_membership", member).await.expect(201);
    assert_eq!(ids(&get(&others[1], "/chats?sort=created_at").await), [with_cat, room]);
}
