use serde_json::{Value, json};

use super::{chat, get, id, pair, path, say};
use crate::harness::Server;

#[tokio::test]
async fn opening_is_marking_as_read_and_not_getting() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let message = say(&bob, &made, "hello").await;
    get(&ann, &made).await;
    ann.get("/v1/conversations").await.expect(200);
    assert_eq!(get(&ann, &made).await["last_opened_at"], Value::Null);
    let read = format!("{}/read", path(&made));
    let opened = ann.post(&read, json!({"message_id": message["id"]})).await.expect(200);
    assert!(opened["last_opened_at"].as_i64() >= message["created_at"].as_i64());
    assert_eq!(get(&bob, &made).await["last_opened_at"], Value::Null);
    let weavy = format!("/api/conversations/{}", super::weavy_id(&ann, &made).await);
    assert_eq!(ann.get(&weavy).await.expect(200)["is_unread"], false);

    assert_eq!(ann.delete(&read).await.expect(200), opened, "unread does not take it back");
    assert_eq!(ann.get(&weavy).await.expect(200)["is_unread"], true);
    for body in [json!({"message_id": "nothing"}), json!({"message_id": made["id"]})] {
        ann.post(&read, body).await.expect(404);
    }
    ann.post(&read, json!({})).await.expect(200);
    assert_eq!(ann.get(&weavy).await.expect(200)["is_unread"], false);
}

#[tokio::test]
async fn marking_on_weavy_opens_too() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    say(&bob, &made, "hello").await;
    ann.put(&format!("/api/conversations/{}/mark", super::weavy_id(&ann, &made).await)).await;
    assert!(get(&ann, &made).await["last_opened_at"].is_i64());
}

#[tokio::test]
async fn a_message_is_read_when_a_marker_comes_to_cover_it() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let first = say(&ann, &made, "one").await;
    let second = say(&ann, &made, "two").await;
    let times = async |caller: &crate::harness::Caller| {
        let listed = caller.get(&format!("/v1/messages?conversation_id={}", id(&made))).await;
        let listed = listed.expect(200);
        [1, 0].map(|n| listed["data"][n]["read_at"].clone())
    };
    assert_eq!(times(&ann).await, [Value::Null, Value::Null]);
    let read = format!("{}/read", path(&made));
    let opened = bob.post(&read, json!({"message_id": first["id"]})).await.expect(200);
    let at = opened["last_opened_at"].clone();
    assert_eq!(times(&ann).await, [at.clone(), Value::Null], "by the first other member");
    assert_eq!(times(&bob).await, [at.clone(), Value::Null], "by the reader");
    bob.post(&read, json!({"message_id": second["id"]})).await.expect(200);
    let [one, two] = times(&ann).await;
    assert_eq!((one, two.is_i64()), (at, true), "the first one keeps its time");
    bob.delete(&read).await.expect(200);
    assert_eq!(times(&ann).await, [Value::Null, Value::Null]);
}
