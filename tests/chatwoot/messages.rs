//! Messages (section 6).

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::desk::{path, refusal};
use super::scene::{Scene, of};
use crate::harness::send;

const MULTIPART: &str = "multipart/form-data; boundary=B";

fn multipart(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).collect::<String>() + "--B--\r\n"
}

#[tokio::test]
async fn a_message_is_answered_as_it_was_posted() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let id = scene.conversation().await;
    let plain = ann.post(&of(id, "/messages"), json!({"content": "Hello"})).await.expect(200);
    let wanted = json!({
        "id": plain["id"], "content": "Hello", "inbox_id": scene.inbox["id"],
        "conversation_id": id, "message_type": 1, "content_type": "text", "status": "sent",
        "content_attributes": {}, "created_at": plain["created_at"], "private": false,
        "source_id": null, "sender": plain["sender"],
    });
    assert_eq!(plain, wanted);
    assert_eq!(
        (&plain["sender"]["id"], &plain["sender"]["type"]),
        (&json!(ann_id), &json!("user"))
    );
    let body = json!({
        "content": "Choose", "private": true, "content_type": "input_select",
        "content_attributes": {"items": [1, 2]}, "source_id": "m-1", "echo_id": "e-1",
        "message_type": null, "unknown": 1,
    });
    let rich = ann.post(&of(id, "/messages"), body).await.expect(200);
    assert_eq!(rich["content_attributes"], json!({"items": [1, 2]}));
    assert_eq!((&rich["private"], &rich["content_type"]), (&json!(true), &json!("input_select")));
    assert_eq!((&rich["source_id"], &rich["echo_id"]), (&json!("m-1"), &json!("e-1")));
}

#[tokio::test]
async fn a_message_comes_as_a_form_too_also_in_chunks() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    let form = multipart(&[
        ("content", "Hello\r\nthere"),
        ("private", "true"),
        ("content_attributes", r#"{"a": {"b": 1}}"#),
        ("echo_id", "7"),
    ]);
    let posted = |posted: &Value| {
        assert_eq!(
            (&posted["content"], &posted["echo_id"]),
            (&json!("Hello\r\nthere"), &json!("7"))
        );
        assert_eq!(posted["private"], true);
        assert_eq!(posted["content_attributes"], json!({"a": {"b": 1}}));
    };
    let request = scene.host.request(Method::POST, &of(id, "/messages"));
    posted(&send(request.header("content-type", MULTIPART).body(form.clone())).await.expect(200));
    let chunk =
        |chunk: &[u8]| format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap());
    let chunked: String = form.as_bytes().chunks(50).map(chunk).collect();
    let rest = format!(
        "Content-Type: {MULTIPART}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
         {chunked}0\r\n\r\n"
    );
    let mut connection = scene.server.begin(&scene.host, "POST", &of(id, "/messages"), &rest).await;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    posted(&serde_json::from_str(body).unwrap());
    let request = scene.host.request(Method::POST, &of(id, "/messages"));
    let broken = send(request.header("content-type", MULTIPART).body("no form")).await;
    assert_eq!(super::scene::bad_fields(&broken), ["body"]);
}

#[tokio::test]
async fn messages_have_limits() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    for (body, attribute) in [
        (json!({}), "content"),
        (json!({"content": null}), "content"),
        (json!({"content": " \n"}), "content"),
        (json!({"content": "x".repeat(150_001)}), "content"),
        (json!({"content": {"a": 1}}), "content"),
        (json!({"content": "x", "message_type": "activity"}), "message_type"),
        (json!({"content": "x", "message_type": 0}), "message_type"),
        (json!({"content": "x", "content_type": "poem"}), "content_type"),
        (json!({"content": "x", "private": "maybe"}), "private"),
        (json!({"content": "x", "content_attributes": [1]}), "content_attributes"),
    ] {
        let (status, _, attributes) = refusal(&scene.host.post(&of(id, "/messages"), body).await);
        assert_eq!((status, attributes), (422, json!([attribute])));
    }
    assert_eq!(scene.get(id).await["messages"], json!([]));
    let longest = json!({"content": "ü".repeat(150_000)});
    scene.host.post(&of(id, "/messages"), longest).await.expect(200);
    let cards = json!({"content_type": "cards", "content_attributes": {"items": []}});
    scene.host.post(&of(id, "/messages"), cards).await.expect(200);
    scene.host.post(&of(999_999, "/messages"), json!({"content": "x"})).await.expect(404);
}

#[tokio::test]
async fn only_inboxes_of_the_api_take_incoming_messages() {
    let scene = Scene::new().await;
    let channel = json!({"type": "web_widget", "website_url": "https://a.example"});
    let body = json!({"name": "web", "channel": channel});
    let web = scene.host.post(&path("/inboxes"), body).await.expect(200);
    let incoming = json!({"content": "Hello", "message_type": "incoming"});
    let body = json!({"inbox_id": web["id"], "contact_id": scene.contact["id"]});
    let made = scene.host.post(&path("/conversations"), body.clone()).await.expect(200);
    assert_eq!(made["meta"]["channel"], "Channel::WebWidget");
    let id = made["id"].as_i64().unwrap();
    let answer = scene.host.post(&of(id, "/messages"), incoming.clone()).await;
    let (status, text, _) = refusal(&answer);
    assert_eq!((status, &*text), (422, "Incoming messages are only allowed in Api inboxes"));
    let mut with_message = body;
    with_message["message"] = incoming;
    scene.host.post(&path("/conversations"), with_message).await.expect(422);
}

#[tokio::test]
async fn messages_are_listed_around_others() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let id = scene.create(json!({"assignee_id": ann_id})).await["id"].as_i64().unwrap();
    let mut posted = Vec::new();
    for number in 0..25 {
        posted.push(scene.incoming(id, &number.to_string()).await["id"].as_i64().unwrap());
    }
    let listed = async |query: &str| {
        let list = ann.get(&of(id, &format!("/messages?{query}"))).await.expect(200);
        let all = list["payload"].as_array().unwrap();
        let ids: Vec<i64> = all.iter().map(|one| one["id"].as_i64().unwrap()).collect();
        (list["meta"].clone(), ids)
    };
    let (meta, last) = listed("").await;
    assert_eq!(last, posted[5..]);
    assert_eq!(meta["contact"]["name"], "Ana");
    assert_eq!((&meta["labels"], &meta["additional_attributes"]), (&json!([]), &json!({})));
    assert_eq!(meta["assignee"]["id"], ann_id);
    assert_eq!(
        (&meta["agent_last_seen_at"], &meta["assignee_last_seen_at"]),
        (&Value::Null, &Value::Null)
    );
    for (query, fitting) in [
        (format!("before={}", posted[22]), &posted[2..22]),
        (format!("before={}", posted[3]), &posted[..3]),
        (format!("after={}", posted[3]), &posted[4..]),
        (format!("after={}&before={}", posted[3], posted[7]), &posted[4..7]),
        (format!("after={}", posted[24]), &[]),
        ("after=99999999999999999999".to_owned(), &[]),
        ("before=99999999999999999999".to_owned(), &posted[5..]),
        ("before=&after=".to_owned(), &posted[5..]),
    ] {
        assert_eq!(listed(&query).await.1, fitting, "{query}");
    }
    ann.post(&of(id, "/update_last_seen"), json!({})).await.expect(200);
    let (meta, _) = listed("").await;
    assert!(meta["agent_last_seen_at"].as_str().unwrap().ends_with('Z'));
    let wrong = ann.get(&of(id, "/messages?before=x&after=y")).await;
    assert_eq!(super::scene::bad_fields(&wrong), ["before", "after"]);
}

#[tokio::test]
async fn a_deleted_message_leaves_its_place() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    let secret = scene.incoming(id, "a secret").await;
    let path = of(id, &format!("/messages/{}", secret["id"]));
    let deleted = scene.host.delete(&path).await.expect(200);
    assert_eq!(deleted["content"], "This message was deleted");
    assert_eq!(deleted["content_attributes"], json!({"deleted": true}));
    assert_eq!(deleted["id"], secret["id"]);
    let list = scene.host.get(&of(id, "/messages")).await.expect(200);
    assert_eq!(list["payload"], json!([deleted]));
    let newest = scene.get(id).await["messages"][0].clone();
    assert_eq!(newest["content"], "This message was deleted");
    assert_eq!(scene.host.delete(&path).await.expect(200), deleted);
    scene.host.delete(&of(id, "/messages/999999")).await.expect(404);
    let other = scene.conversation().await;
    let elsewhere = scene.incoming(other, "x").await;
    scene.host.delete(&of(id, &format!("/messages/{}", elsewhere["id"]))).await.expect(404);
    let searched = scene.host.get(&super::desk::path("/conversations?q=secret")).await.expect(200);
    assert_eq!(searched["data"]["payload"], json!([]));
}
