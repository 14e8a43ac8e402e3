use reqwest::Method;
use serde_json::{Value, json};

use super::{get, id, ids, pair, path};
use crate::harness::{Caller, Server};

fn names(group: &Value) -> Vec<&str> {
    let contacts = group["contacts"].as_array().unwrap();
    contacts.iter().map(|contact| contact["username"].as_str().unwrap()).collect()
}

async fn put(caller: &Caller, group: &Value, body: Value) -> crate::harness::Answer {
    caller.put_json(&format!("/v1/groups/{}", id(group)), body).await
}

#[tokio::test]
async fn a_group_is_a_room_and_a_room_is_a_group() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    server.caller("cat").arrive().await;
    let room = ann.create(json!(["bob", "cat"])).await;
    let groups = ann.get("/v1/groups").await.expect(200);
    let group = &groups["data"][0];
    assert_eq!((group["name"].as_str(), names(group)), (Some("Bob, Cat"), vec!["bob", "cat"]));
    let conversation = get(&ann, group).await;
    assert_eq!(conversation["group_id"], group["id"]);
    assert_eq!(
        (&conversation["contact_id"], &group["conversation_id"]),
        (&Value::Null, &group["id"])
    );
    assert_eq!(ann.get(&format!("/v1/groups/{}", id(group))).await.expect(200), *group);

    let body = json!({"name": "Team", "description": "D",
                      "avatar_url": "https://host.example/t.png",
                      "contacts": ["cat", "bob", "ann"]});
    let made = ann.post("/v1/groups", body).await.expect(201);
    assert_eq!(names(&made), ["bob", "cat"]);
    let listed = bob.get("/api/conversations").await.expect(200);
    let on_weavy = &listed["data"][0];
    assert_eq!(
        (on_weavy["name"].as_str(), on_weavy["member_count"].as_i64()),
        (Some("Team"), Some(3))
    );
    assert_eq!(on_weavy["avatar_url"], "https://host.example/t.png");
    assert_ne!(on_weavy["id"], room["id"]);
    assert_eq!(ids(&ann.get("/v1/groups").await), [id(&made), id(group)], "newest first");
    assert_eq!(ids(&ann.get("/v1/groups?limit=1").await), [id(&made)]);
    let after = ann.get(&format!("/v1/groups?starting_after={}", id(&made))).await;
    assert_eq!(ids(&after), [id(group)]);
    let private = super::chat(&ann, "bob").await;
    ann.get(&format!("/v1/groups/{}", id(&private))).await.expect(404);
}

#[tokio::test]
async fn a_name_is_needed_and_every_contact_has_to_be_known() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    for (body, status) in [
        (json!({}), 400),
        (json!({"name": " "}), 400),
        (json!({"name": 7}), 400),
        (json!({"name": "x".repeat(257)}), 400),
        (json!({"name": "G", "description": "x".repeat(513)}), 400),
        (json!({"name": "G", "avatar_url": "x".repeat(2049)}), 400),
        (json!({"name": "G", "contacts": "bob"}), 400),
        (json!({"name": "G", "contacts": ["bob", "nobody"]}), 404),
    ] {
        assert_eq!(ann.post("/v1/groups", body.clone()).await.status, status, "{body}");
    }
    assert_eq!(ids(&ann.get("/v1/groups").await), [] as [String; 0]);
    let fields = [("name", "G"), ("contacts[]", "bob"), ("description", "")];
    let made = ann.form(Method::POST, "/v1/groups", &fields).await.expect(201);
    assert_eq!((names(&made), &made["description"]), (vec!["bob"], &Value::Null));
}

#[tokio::test]
async fn members_may_add_and_only_creator_and_administrators_take_out() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let cat = server.caller("cat");
    cat.arrive().await;
    server.caller("dan").arrive().await;
    let body = json!({"name": "Team", "contacts": ["bob", "cat"]});
    let group = ann.post("/v1/groups", body).await.expect(201);
    let added = put(&bob, &group, json!({"contacts": ["ann", "cat", "dan"]})).await.expect(200);
    assert_eq!(names(&added), ["ann", "cat", "dan"]);
    put(&bob, &group, json!({"name": "Mine", "contacts": ["ann"]})).await.expect(403);
    assert_eq!(get(&cat, &group).await["id"], group["id"], "nothing of it was done");
    let read = ann.get(&format!("/v1/groups/{}", id(&group))).await.expect(200);
    assert_eq!((read["name"].as_str(), names(&read)), (Some("Team"), vec!["bob", "cat", "dan"]));
    let same = put(&ann, &group, read.clone()).await.expect(200);
    assert_eq!(same, read, "what was read can be sent back");
    let fewer = put(&ann, &group, json!({"contacts": ["bob"], "description": "D"})).await;
    let fewer = fewer.expect(200);
    assert_eq!((names(&fewer), fewer["description"].as_str()), (vec!["bob"], Some("D")));
    cat.get(&path(&group)).await.expect(404);
    put(&cat, &group, json!({"name": "x"})).await.expect(404);
    for name in ["", " "] {
        put(&ann, &group, json!({ "name": name })).await.expect(400);
    }
    put(&ann, &group, json!({"contacts": ["nobody"]})).await.expect(404);
    let alone = [("contacts[]", ""), ("description", "")];
    let path = format!("/v1/groups/{}", id(&group));
    let alone = ann.form(Method::PUT, &path, &alone).await.expect(200);
    assert_eq!((names(&alone).len(), &alone["description"]), (0, &Value::Null));
}

#[tokio::test]
async fn contacts_are_the_others_of_the_account_newest_first() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    for uid in ["cat", "dan"] {
        server.caller(uid).arrive().await;
    }
    server.caller_with("zoe", 2, "member").arrive().await;
    let listed = ann.get("/v1/contacts").await.expect(200);
    assert_eq!(names(&json!({"contacts": listed["data"]})), ["dan", "cat", "bob"]);
    let cat = &listed["data"][1];
    assert_eq!(ann.get(&format!("/v1/contacts/{}", id(cat))).await.expect(200), *cat);
    assert_eq!(ann.get("/v1/contacts/cat").await.expect(200), *cat);
    let created_at = cat["created_at"].as_i64().unwrap();
    let wanted = json!({
        "id": id(cat), "username": "cat", "phone_number": null, "avatar_url": null,
        "display_name": "Cat", "conversation_id": null, "last_active_at": null,
        "created_at": created_at
    });
    assert_eq!(*cat, wanted);
    assert_eq!(ann.get("/v1/contacts/ann").await.expect(200)["username"], "ann");
    for name in ["zoe", "nobody", "a%00b"] {
        ann.get(&format!("/v1/contacts/{name}")).await.expect(404);
    }
    let before = ann.get(&format!("/v1/contacts?limit=1&ending_before={}", id(cat))).await;
    assert_eq!(before.body["data"][0]["username"], "dan");
}

#[tokio::test]
async fn a_derived_name_is_that_of_the_room_and_can_be_sent_back() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    // Registered in another order than that of their names.
    for uid in ["zoe", "cat"] {
        server.caller(uid).arrive().await;
    }
    let room = ann.create(json!(["cat", "zoe"])).await;
    let group = ann.get("/v1/groups").await.expect(200)["data"][0].clone();
    assert_eq!((group["name"].as_str(), names(&group)), (Some("Zoe, Cat"), vec!["cat", "zoe"]));
    assert_eq!(group["name"], room["display_name"]);
    let alone = put(&ann, &group, json!({"contacts": []})).await.expect(200);
    assert_eq!(alone["name"], "");
    assert_eq!(put(&ann, &group, alone.clone()).await.expect(200), alone);
}
