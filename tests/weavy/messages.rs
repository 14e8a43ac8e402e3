use serde_json::json;

use super::{app, arrived, conversation};
use crate::harness::Server;

#[tokio::test]
async fn a_message_is_posted_listed_and_read() {
    let server = Server::fresh().await;
    let (ann, bob, cat) = (server.caller("ann"), server.caller("bob"), server.caller("cat"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let path = format!("/api/apps/{}/messages", chat["id"]);
    let body = json!({"text": "<b>hi</b>", "blobs": [], "meeting_id": null,
                      "metadata": {"a": 1}, "tags": ["t"]});
    let posted = ann.post(&path, body).await.expect(200);
    assert_eq!(posted["html"], "<p>&lt;b&gt;hi&lt;/b&gt;</p>");
    assert_eq!(posted["plain"], "&lt;b&gt;hi&lt;/b&gt;");
    assert_eq!((&posted["app_id"], &posted["metadata"]), (&chat["id"], &json!({"a": 1})));
    assert_eq!(bob.get(&format!("/api/messages/{}", posted["id"])).await.expect(200), posted);
    cat.get(&format!("/api/messages/{}", posted["id"])).await.expect(404);
    cat.get(&path).await.expect(404);

    let second = bob.say(&chat, "two").await;
    let list = ann.get(&path).await.expect(200);
    assert_eq!((&list["data"][0]["id"], &list["data"][1]["id"]), (&posted["id"], &json!(second)));
    let list = ann.get(&format!("{path}?order_by=id+desc&top=1")).await.expect(200);
    assert_eq!((&list["data"][0]["id"], &list["count"]), (&json!(second), &json!(2)));
    assert_eq!(ann.get(&format!("{path}?q=TWO")).await.expect(200)["count"], 1);

    let seen = ann.get(&format!("/api/conversations/{}", chat["id"])).await.expect(200);
    assert_eq!(
        (&seen["last_message_id"], &seen["last_message"]["text"]),
        (&json!(second), &json!("two"))
    );
}

#[tokio::test]
async fn what_cannot_be_posted_is_refused() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let path = format!("/api/apps/{}/messages", chat["id"]);
    for body in [
        json!({}),
        json!({"text": ""}),
        json!({"text": " \n"}),
        json!({"text": 5}),
        json!({"text": "x".repeat(150_001)}),
        json!({"text": "hi", "blobs": [1]}),
        json!({"text": "hi", "embed_id": 3}),
        json!({"text": "a\u{0}b"}),
        json!({"text": "hi", "metadata": []}),
    ] {
        ann.post(&path, body).await.expect(400);
    }
    server.caller("cat").post(&path, json!({"text": "hi"})).await.expect(404);
    server.key().post(&path, json!({"text": "hi"})).await.expect(403);
    assert_eq!(ann.get(&path).await.expect(200)["count"], 0);
}

#[tokio::test]
async fn a_message_is_its_authors_to_edit_and_theirs_and_an_administrators_to_delete() {
    let server = Server::fresh().await;
    let [ann, bob, cat] = arrived(&server, ["ann", "bob", "cat"]).await;
    let administrator = server.caller_with("eve", 1, "administrator");
    let room = ann.create(json!(["bob", "cat"])).await;
    let said = bob.say(&room, "one").await;
    let path = format!("/api/messages/{said}");
    let body = json!({"text": "<i>two</i>\n\nlines & all", "tags": ["a"]});
    for (caller, status) in [(&ann, 403), (&administrator, 403), (&server.key(), 403)] {
        caller.patch(&path, body.clone()).await.expect(status);
    }
    server.caller("dan").patch(&path, body.clone()).await.expect(404);
    for wrong in [json!({"text": " "}), json!({"text": null, "tags": 1}), json!([])] {
        bob.patch(&path, wrong).await.expect(400);
    }
    let edited = bob.patch(&path, body).await.expect(200);
    assert_eq!(edited["html"], "<p>&lt;i&gt;two&lt;/i&gt;</p><p>lines &amp; all</p>");
    assert_eq!(edited["plain"], "&lt;i&gt;two&lt;/i&gt; lines &amp; all");
    assert_eq!((&edited["tags"], &edited["modified_by_id"]), (&json!(["a"]), &json!(2)));
    let seen = cat.get(&conversation(&room, "")).await.expect(200);
    assert_eq!(seen["last_message"], edited);
    for same in [json!({}), json!({"text": "<i>two</i>\n\nlines & all", "tags": ["a"]})] {
        assert_eq!(bob.patch(&path, same).await.expect(200), edited, "nothing was changed");
    }
    assert_eq!(seen["modified_at"], room["modified_at"], "messages do not move it");

    cat.delete(&path).await.expect(403);
    server.caller("dan").delete(&path).await.expect(404);
    for eraser in [&bob, &administrator, &server.key()] {
        let said = bob.say(&room, "gone").await;
        let path = format!("/api/messages/{said}");
        eraser.delete(&path).await.expect(204);
        for caller in [&bob, &server.key()] {
            caller.get(&path).await.expect(404);
            caller.delete(&path).await.expect(404);
        }
    }
    assert_eq!(cat.get(&app(&room, "/messages")).await.expect(200)["count"], 1);
}
