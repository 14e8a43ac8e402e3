use reqwest::Method;
use serde_json::{Value, json};

use super::{ann_and, direct, error, get, id, ids, say, submit, submit_document, user};
use crate::harness::{Server, send};

#[tokio::test]
async fn a_chat_is_a_room_and_every_conversation_is_a_chat() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob", "cat"]).await;
    let made = submit(&ann, Method::POST, "/chats", "chat", json!({"subject": "Orders"})).await;
    let location = made.headers["location"].to_str().unwrap().to_owned();
    let chat = made.expect(201)["data"].clone();
    assert_eq!(chat["links"]["self"], location);
    let attributes = &chat["attributes"];
    let wanted = json!({
        "subject": "Orders", "context_type": null, "context_id": null, "latest_message_id": null,
        "discarded_at": null, "agents_enabled": false,
        "created_at": attributes["created_at"], "updated_at": attributes["created_at"]
    });
    assert_eq!(*attributes, wanted);
    let none = json!({"latest_message": {"data": null}, "bookmark": {"data": null}});
    assert_eq!(chat["relationships"], none);
    let on_weavy = ann.get("/api/conversations").await.expect(200);
    let room = &on_weavy["data"][0];
    assert_eq!((&room["name"], &room["member_count"]), (&json!("Orders"), &json!(1)));

    direct(&ann, "bob").await;
    ann.create(json!(["bob", "cat"])).await;
    let group = ann.post("/v1/groups", json!({"name": "A team"})).await.expect(201);
    assert_eq!(get(&ann, "/chats").await.expect(200)["meta"]["total"], 4);
    let subjects = get(&ann, "/chats?sort=subject").await.expect(200);
    let subjects: Vec<&Value> = subjects["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["attributes"]["subject"])
        .collect();
    assert_eq!(subjects, [&json!("A team"), &json!("Orders"), &Value::Null, &Value::Null]);
    let direct = get(&ann, "/chats?filter[context_type]=direct_conversation").await;
    assert_eq!(direct.expect(200)["meta"]["total"], 1);
    let rooms = get(&ann, "/chats?filter[context_type]=").await.expect(200);
    assert_eq!(rooms["meta"]["total"], 3);
    let other = get(&ann, "/chats?filter[context_type]=task").await.expect(200);
    assert_eq!(other["data"], json!([]));
    let uuid = crate::protocol::uuid(group["id"].as_str().unwrap()).to_string();
    assert!(ids(&get(&ann, "/chats").await).contains(&uuid));
    assert_eq!(get(&others[0], "/chats").await.expect(200)["meta"]["total"], 2);
}

#[tokio::test]
async fn any_member_changes_the_subject_with_put_and_patch_alike() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob", "cat"]).await;
    let made = submit(&ann, Method::POST, "/chats", "chat", json!({"subject": "One"})).await;
    let chat = made.expect(201)["data"].clone();
    let path = format!("/chats/{}", id(&chat));
    let member = json!({"chat_id": id(&chat), "user_id": user(&ann, "bob").await});
    submit(&ann, Method::POST, "/chat_memberships", "chat_membership", member).await.expect(201);
    for (method, subject) in [(Method::PUT, "Two"), (Method::PATCH, "Three")] {
        let changed =
            submit(&others[0], method, &path, "chat", json!({ "subject": subject })).await;
        assert_eq!(changed.expect(200)["data"]["attributes"]["subject"], subject);
    }
    let read = get(&ann, &path).await.expect(200);
    for method in [Method::PUT, Method::PATCH] {
        let same = submit_document(&ann, method, &path, read.clone()).await;
        assert_eq!(same.expect(200), read, "what was read can be sent back");
    }
    for (attributes, status) in [
        (json!({"subject": ""}), 422),
        (json!({"subject": 7}), 422),
        (json!({"subject": "x".repeat(257)}), 422),
        (json!({}), 200),
        (json!({"subject": null}), 200),
    ] {
        let answer = submit(&ann, Method::PATCH, &path, "chat", attributes.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{attributes}");
    }
    let unnamed = get(&ann, &path).await.expect(200);
    assert_eq!(unnamed["data"]["attributes"]["subject"], Value::Null);
    submit_document(&ann, Method::PUT, &path, unnamed.clone()).await.expect(200);
    let stranger = submit(&others[1], Method::PUT, &path, "chat", json!({"subject": "x"})).await;
    assert_eq!(error(&stranger).0, 404);
    for (attributes, status) in [(json!({}), 422), (json!({"subject": " "}), 422)] {
        let answer = submit(&ann, Method::POST, "/chats", "chat", attributes).await;
        assert_eq!(error(&answer).0, status);
    }
}

#[tokio::test]
async fn members_let_others_in_once() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob", "cat"]).await;
    let made = submit(&ann, Method::POST, "/chats", "chat", json!({"subject": "Room"})).await;
    let chat = id(&made.expect(201)["data"]).to_owned();
    let (a, b, c) = (user(&ann, "ann").await, user(&ann, "bob").await, user(&ann, "cat").await);
    let add = async |caller, chat: &str, user: &str| {
        let attributes = json!({"chat_id": chat, "user_id": user, "role_ids": []});
        submit(caller, Method::POST, "/chat_memberships", "chat_membership", attributes).await
    };
    let added = add(&ann, &chat, &b).await;
    let location = added.headers["location"].to_str().unwrap().to_owned();
    let added = added.expect(201);
    assert_eq!(added["data"]["links"]["self"], location);
    assert_eq!(add(&ann, &chat, &b).await.expect(200), added);
    add(&others[0], &chat, &c).await.expect(201);
    assert_eq!(error(&add(&ann, &chat, &uuid::Uuid::nil().to_string()).await).0, 404);
    let unknown = add(&ann, &uuid::Uuid::nil().to_string(), &b).await;
    assert_eq!(error(&unknown).2, json!({"pointer": "/data/attributes/chat_id"}));
    let private = id(&direct(&ann, "bob").await).to_owned();
    assert_eq!(error(&add(&ann, &private, &c).await).1, "members_fixed");
    let roles = json!({"chat_id": chat, "user_id": b, "role_ids": ["admin"]});
    let roles = submit(&ann, Method::POST, "/chat_memberships", "chat_membership", roles).await;
    assert_eq!(error(&roles).2, json!({"pointer": "/data/attributes/role_ids"}));

    let users = async |query: &str| {
        let listed = get(&ann, &format!("/chat_memberships?{query}")).await.expect(200);
        let of = |one: &Value| one["attributes"]["user_id"].as_str().unwrap().to_owned();
        listed["data"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(
        users(&format!("filter[chat_id]={chat}")).await,
        [a.as_str(), b.as_str(), c.as_str()]
    );
    assert_eq!(users(&format!("filter[chat_id]={chat}&filter[user_id]={b}")).await, [b.as_str()]);
    assert_eq!(users(&format!("filter[user_id]=in:{a},{c}")).await.len(), 3);
    let with_both = format!("/chat_memberships?filter[chat_id]={chat}&include=user,chat");
    let with_both = get(&ann, &with_both).await.expect(200);
    assert_eq!(with_both["included"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn messages_are_their_authors() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob"]).await;
    let chat = id(&direct(&ann, "bob").await).to_owned();
    let path = format!("/chats/{chat}/messages");
    let first = say(&ann, &chat, "one").await;
    let wanted = json!({
        "content": "one", "author_id": user(&ann, "ann").await, "chat_id": chat,
        "created_at": first["attributes"]["created_at"], "updated_at": null
    });
    assert_eq!(first["attributes"], wanted);
    let second = say(&others[0], &chat, "two").await;
    assert_eq!(ids(&get(&ann, &path).await), [id(&second), id(&first)], "newest first");
    assert_eq!(error(&get(&ann, &format!("{path}?sort=created_at")).await).0, 400);
    let one = format!("{path}/{}", id(&first));
    for (method, content) in [(Method::PUT, "uno"), (Method::PATCH, "eins")] {
        let edited =
            submit(&ann, method.clone(), &one, "message", json!({ "content": content })).await;
        let edited = edited.expect(200)["data"].clone();
        assert_eq!(edited["attributes"]["content"], content);
        assert!(edited["attributes"]["updated_at"].is_string());
        let foreign = submit(&others[0], method, &one, "message", json!({"content": "x"})).await;
        assert_eq!(error(&foreign).0, 403);
    }
    for content in [json!(" "), json!(""), json!(null), json!(7), json!("x".repeat(150_001))] {
        let answer =
            submit(&ann, Method::POST, &path, "message", json!({ "content": content })).await;
        assert_eq!(error(&answer).2, json!({"pointer": "/data/attributes/content"}));
    }
    let other_chat = format!("/chats/{}/messages/{}", uuid::Uuid::nil(), id(&first));
    let elsewhere = submit(&ann, Method::PUT, &other_chat, "message", json!({})).await;
    assert_eq!(error(&elsewhere).0, 404);

    let url = format!("/api/v1{one}");
    assert_eq!(error(&send(others[0].request(Method::DELETE, &url)).await).0, 403);
    let before = get(&ann, &path).await.expect(200)["data"][1].clone();
    let delete = || ann.request(Method::DELETE, &url).header("Idempotency-Key", "once");
    let with_body = delete().header("Content-Type", "application/json").body("{}");
    assert_eq!(send(with_body).await.expect(200)["data"], before, "the resource as it was");
    assert_eq!(error(&send(delete().body("x")).await).1, "idempotency_key_reused");
    let again = delete().header("Content-Type", "application/json").body("{}");
    assert_eq!(send(again).await.expect(200)["data"], Value::Null, "nothing erased comes back");
    assert_eq!(error(&send(ann.request(Method::DELETE, &url)).await).0, 404);
    assert_eq!(ids(&get(&ann, &path).await), [id(&second)]);
}

#[tokio::test]
async fn users_are_those_of_the_account() {
    let server = Server::fresh().await;
    let (ann, _) = ann_and(&server, &["cat", "bob"]).await;
    server.caller_with("zoe", 2, "member").arrive().await;
    let names = async |query: &str| {
        let listed = get(&ann, &format!("/users?{query}")).await.expect(200);
        let of = |one: &Value| one["attributes"]["username"].as_str().unwrap().to_owned();
        listed["data"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["ann", "cat", "bob"]);
    assert_eq!(names("sort=name").await, ["ann", "bob", "cat"]);
    assert_eq!(names("sort=-name").await, ["cat", "bob", "ann"]);
    assert_eq!(names("filter[name]=Bob").await, ["bob"]);
    assert_eq!(names("filter[username]=in:ann,bob&filter[name]=Ann").await, ["ann"]);
    let bob = user(&ann, "bob").await;
    assert_eq!(names(&format!("filter[id]={bob}")).await, ["bob"]);
    assert_eq!(error(&get(&ann, "/users?search=x").await).0, 400);
    let one = get(&ann, &format!("/users/{bob}")).await.expect(200);
    assert_eq!(one["data"]["attributes"]["name"], "Bob");
    for name in ["bob", "1", &uuid::Uuid::nil().to_string(), &bob.replace('-', "")] {
        assert_eq!(error(&get(&ann, &format!("/users/{name}")).await).0, 404);
    }
}
