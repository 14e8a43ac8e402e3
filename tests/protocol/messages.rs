use reqwest::Method;
use serde_json::{Value, json};

use super::{chat, id, ids, pair, say};
use crate::harness::{Server, send};

#[tokio::test]
async fn a_message_is_posted_read_edited_and_deleted() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let fields = [("conversation_id", id(&made)), ("message", "hello & good-bye")];
    let posted = ann.form(Method::POST, "/v1/messages", &fields).await.expect(201);
    let me = ann.get("/v1/contacts/ann").await.expect(200);
    let created_at = posted["created_at"].as_i64().unwrap();
    let wanted = json!({
        "id": id(&posted), "conversation_id": made["id"],
        "contact": {"id": me["id"], "username": "ann", "phone_number": null, "avatar_url": null,
                    "last_active_at": null, "created_at": me["created_at"]},
        "message": "hello & good-bye", "reactions": [], "attachments": [], "read_at": null,
        "created_at": created_at, "updated_at": null
    });
    assert_eq!(posted, wanted);
    let path = format!("/v1/messages/{}", id(&posted));
    assert_eq!(bob.get(&path).await.expect(200), wanted);
    assert_eq!(ann.put_json(&path, wanted.clone()).await.expect(200), wanted, "no edit");
    let edited = ann.put_json(&path, json!({"message": "hi"})).await.expect(200);
    assert_eq!(edited["message"], "hi");
    assert!(edited["updated_at"].as_i64() >= Some(created_at));
    bob.put_json(&path, json!({"message": "no"})).await.expect(403);
    bob.delete(&path).await.expect(403);
    server.caller("cat").get(&path).await.expect(404);
    server.caller("cat").delete(&path).await.expect(404);
    ann.delete(&path).await.expect(204);
    for caller in [&ann, &bob] {
        caller.get(&path).await.expect(404);
        caller.delete(&path).await.expect(404);
    }
    let second = say(&ann, &made, "again").await;
    let administrator = server.caller_with("adm", 1, "administrator");
    let elsewhere = server.caller_with("adm", 2, "administrator");
    elsewhere.delete(&format!("/v1/messages/{}", id(&second))).await.expect(404);
    administrator.delete(&format!("/v1/messages/{}", id(&second))).await.expect(204);
}

#[tokio::test]
async fn what_cannot_be_posted_is_refused() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let long = "x".repeat(150_001);
    for (body, status) in [
        (json!({"message": "x"}), 400),
        (json!({"conversation_id": made["id"]}), 400),
        (json!({"conversation_id": made["id"], "message": " \n"}), 400),
        (json!({"conversation_id": made["id"], "message": 7}), 400),
        (json!({"conversation_id": made["id"], "message": &long}), 400),
        (json!({"conversation_id": made["id"], "message": "x", "attachments": ["a"]}), 400),
        (json!({"conversation_id": "nothing", "message": "x"}), 404),
    ] {
        let answer = ann.post("/v1/messages", body).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    }
    let listed = ann.get(&format!("/v1/messages?conversation_id={}", id(&made))).await;
    assert_eq!(listed.expect(200)["data"], json!([]));
    ann.get("/v1/messages").await.expect(400);
    ann.get("/v1/messages?conversation_id=nothing").await.expect(404);
    let body =
        json!({"conversation_id": made["id"], "message": "x".repeat(150_000), "attachments": []});
    ann.post("/v1/messages", body).await.expect(201);
    // The longest text, in its longest encoding.
    let longest = "\u{1f600}".repeat(150_000);
    let fields = [("conversation_id", id(&made)), ("message", &longest)];
    let posted = ann.form(Method::POST, "/v1/messages", &fields).await.expect(201);
    assert_eq!(posted["message"], longest);
    let body = json!({"conversation_id": made["id"], "message": "x", "unknown": "\u{0}"});
    ann.post("/v1/messages", body).await.expect(201);
    let path = format!("/v1/messages/{}", id(&say(&ann, &made, "short").await));
    for refused in [
        ann.post("/v1/messages", json!({"conversation_id": made["id"], "message": &long})).await,
        ann.put_json(&path, json!({ "message": &long })).await,
        ann.put_json(&path, json!({ "message": "a\0b" })).await,
    ] {
        let told = refused.expect(400)["message"].as_str().unwrap().to_owned();
        assert!(told.starts_with("message must "), "{told}");
    }
}

#[tokio::test]
async fn messages_are_paged_newest_first_both_ways() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let mut all = Vec::new();
    for n in 0..12 {
        let caller = if n % 2 == 0 { &ann } else { &bob };
        all.insert(0, id(&say(caller, &made, &format!("{n}")).await).to_owned());
    }
    let page = async |query: String| {
        let path = format!("/v1/messages?conversation_id={}&{query}", id(&made));
        let answer = ann.get(&path).await;
        (ids(&answer), answer.expect(200)["has_more"].clone())
    };
    assert_eq!(page(String::new()).await, (all[..10].to_vec(), json!(true)));
    let after = format!("starting_after={}", all[9]);
    assert_eq!(page(after.clone()).await, (all[10..].to_vec(), json!(false)));
    say(&bob, &made, "newer").await;
    assert_eq!(page(after).await, (all[10..].to_vec(), json!(false)), "rows moved, the page not");
    let before = format!("limit=5&ending_before={}", all[7]);
    assert_eq!(page(before).await, (all[2..7].to_vec(), json!(true)));
    let other =
        super::say(&ann, &ann.post("/v1/groups", json!({"name": "G"})).await.expect(201), "x")
            .await;
    let path = format!("/v1/messages?conversation_id={}&starting_after={}", id(&made), id(&other));
    ann.get(&path).await.expect(400);
    assert_eq!(Value::Null, ann.get(&format!("/v1/messages/{}", all[0])).await.body["updated_at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_multipart_request_with_another_boundary_is_the_same_request() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let chat = chat(&ann, "bob").await;
    let say = async |boundary: &str, text: &str| {
        let part = |name: &str, value: &str| {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let fields = part("conversation_id", id(&chat)) + &part("message", text);
        let request = ann.request(Method::POST, "/v1/messages").header("Idempotency-Key", "once");
        let media_type = format!("multipart/form-data; boundary={boundary}");
        let request = request.header("Content-Type", media_type);
        send(request.body(format!("{fields}--{boundary}--\r\n"))).await
    };
    let first = say("one", "yes").await.expect(201);
    let repeated = say("two", "yes").await;
    assert_eq!(repeated.body["id"], first["id"], "{}", repeated.body);
    say("two", "no").await.expect(422);
}
