use serde_json::{Value, json};

use super::{app, arrived, conversation};
use crate::harness::Server;

const CONTEXTUAL: &str = "d65dd4bc-418e-403c-9f56-f9cf4da931ed";

fn order(uid: &str) -> Value {
    json!({"uid": uid, "type": "chat"})
}

#[tokio::test]
async fn a_contextual_chat_is_made_once_and_found_by_its_uid() {
    let server = Server::fresh().await;
    let [ann, bob] = arrived(&server, ["ann", "bob"]).await;
    let body = json!({"uid": "order 7/ä", "type": CONTEXTUAL.to_uppercase(), "name": "Order 7",
        "description": "About it", "metadata": {"a": [1]}, "tags": ["x"], "unknown": true});
    let made = ann.post("/api/apps", body).await.expect(201);
    assert_eq!((&made["type"], &made["uid"]), (&json!(CONTEXTUAL), &json!("order 7/ä")));
    assert_eq!((&made["name"], &made["description"]), (&json!("Order 7"), &json!("About it")));
    assert_eq!((&made["metadata"], &made["tags"]), (&json!({"a": [1]}), &json!(["x"])));
    assert_eq!((&made["member_count"], &made["members"][0]["uid"]), (&json!(1), &json!("ann")));
    assert_eq!(made.get("user_id"), None);
    for path in [app(&made, ""), "/api/apps/order%207%2F%C3%A4/".to_owned()] {
        assert_eq!(ann.get(&path).await.expect(200), made, "{path}");
        bob.get(&path).await.expect(404);
        server.caller_with("ann", 2, "member").get(&path).await.expect(404);
    }
    for uid in ["order 7", "nobody", "%00"] {
        ann.get(&format!("/api/apps/{uid}")).await.expect(404);
    }
    for caller in [&ann, &bob, &server.key()] {
        let taken = json!({"uid": "order 7/ä", "type": "chat"});
        let problem = caller.post("/api/apps", taken).await.expect(400);
        assert!(problem["detail"].as_str().unwrap().contains("exists"), "{problem}");
    }
    assert_eq!(ann.listed("?contextual=true", "id").await, [made["id"].clone()]);
    assert_eq!(ann.listed("?contextual=false", "id").await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_cannot_be_a_contextual_chat_is_refused() {
    let server = Server::fresh().await;
    let [ann] = arrived(&server, ["ann"]).await;
    for (name, body) in [
        ("uid", json!({"type": "chat"})),
        ("uid", json!({"uid": " ", "type": "chat"})),
        ("uid", json!({"uid": "77", "type": "chat"})),
        ("uid", json!({"uid": 77, "type": "chat"})),
        ("uid", json!({"uid": "x".repeat(257), "type": "chat"})),
        ("type", json!({"uid": "a"})),
        ("type", json!({"uid": "a", "type": "room"})),
        ("type", json!({"uid": "a", "type": "7e14f418-8f15-46f4-b182-f619b671e470"})),
        ("name", json!({"uid": "a", "type": "chat", "name": "x".repeat(257)})),
        ("description", json!({"uid": "a", "type": "chat", "description": "x".repeat(513)})),
        ("metadata", json!({"uid": "a", "type": "chat", "metadata": []})),
        ("tags", json!({"uid": "a", "type": "chat", "tags": "x"})),
    ] {
        for (path, body) in [("/api/apps", body.clone()), ("/api/apps/init", json!({"app": body}))]
        {
            let problem = ann.post(path, body).await.expect(400);
            assert!(problem["detail"].as_str().unwrap().contains(name), "{path} {problem}");
        }
    }
    ann.post("/api/apps/init", json!({})).await.expect(400);
    ann.post("/api/apps/init", json!([])).await.expect(400);
    ann.get("/api/apps/a").await.expect(404);
    assert_eq!(ann.listed("?trashed=null", "id").await, Vec::<Value>::new());
}

#[tokio::test]
async fn init_makes_a_chat_or_finds_it_and_lets_its_user_in() {
    let server = Server::fresh().await;
    let [ann, bob, cat] = arrived(&server, ["ann", "bob", "cat"]).await;
    let init = |uid: &str| json!({"app": order("doc"), "user": {"uid": uid}});
    let named = json!({"app": {"uid": "doc", "type": "chat", "name": "First"}});
    let made = ann.post("/api/apps/init", named).await.expect(200);
    assert_eq!((&made["name"], &made["created_by_id"]), (&json!("First"), &json!(1)));
    let again = json!({"app": {"uid": "doc", "type": "chat", "name": "Second"}});
    assert_eq!(ann.post("/api/apps/init", again).await.expect(200), made, "it keeps its name");
    let found = bob.post("/api/apps/init", init("bob")).await.expect(200);
    assert_eq!((&found["id"], &found["member_count"]), (&made["id"], &json!(2)));
    bob.post("/api/apps/init", init("cat")).await.expect(403);
    cat.get("/api/apps/doc").await.expect(404);

    let key = server.key();
    key.post("/api/apps/init", init("nobody")).await.expect(400);
    key.post("/api/apps/init", json!({"app": order("doc"), "user": {}})).await.expect(400);
    let seen = key.post("/api/apps/init", init("cat")).await.expect(200);
    assert_eq!((&seen["id"], &seen["member_count"]), (&made["id"], &json!(3)));
    assert_eq!(cat.get("/api/apps/doc").await.expect(200)["is_subscribed"], true);
    let empty = key.post("/api/apps/init", json!({"app": order("other")})).await.expect(200);
    assert_eq!((&empty["member_count"], empty.get("created_by")), (&json!(0), None));
    assert_eq!(key.get("/api/apps/other").await.expect(200), empty);
    ann.get("/api/apps/other").await.expect(404);
}

#[tokio::test]
async fn a_uid_can_be_taken_again_when_its_chat_is_erased_and_not_when_it_is_in_the_trash() {
    let server = Server::fresh().await;
    let [ann, bob] = arrived(&server, ["ann", "bob"]).await;
    let mut ids = Vec::new();
    for round in 0..3 {
        let made = ann.post("/api/apps", order("doc")).await.expect(201);
        assert!(!ids.contains(&made["id"]), "{round}");
        ids.push(made["id"].clone());
        assert_eq!(made.get("last_message"), None);
        ann.say(&made, "secret").await;
        ann.bare_post(&app(&made, "/trash")).await.expect(200);
        bob.post("/api/apps", order("doc")).await.expect(400);
        ann.get("/api/apps/doc").await.expect(404);
        assert_eq!(ann.get("/api/apps/doc?trashed=true").await.expect(200)["id"], made["id"]);
        // A user who needs it takes it out of the trash.
        let found = bob.post("/api/apps/init", json!({"app": order("doc")})).await.expect(200);
        assert_eq!((&found["id"], &found["is_trashed"]), (&made["id"], &json!(false)));
        ann.delete(&app(&made, "")).await.expect(204);
        ann.get("/api/apps/doc?trashed=true").await.expect(404);
    }
}

#[tokio::test]
async fn what_is_named_changes_and_the_rest_stays() {
    let server = Server::fresh().await;
    let [ann, bob, cat, dan] = arrived(&server, ["ann", "bob", "cat", "dan"]).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    let path = app(&room, "");
    let all = json!({"name": "Team", "description": "Us", "metadata": {"a": 1}, "tags": ["x", "Y"],
        "type": "chat", "uid": "no", "is_pinned": true});
    let changed = bob.patch(&path, all).await.expect(200);
    assert_eq!((&changed["name"], &changed["display_name"]), (&json!("Team"), &json!("Team")));
    assert_eq!((&changed["description"], &changed["metadata"]), (&json!("Us"), &json!({"a": 1})));
    assert_eq!((&changed["tags"], &changed["modified_by_id"]), (&json!(["x", "Y"]), &json!(2)));
    assert_eq!((&changed["type"], changed.get("uid")), (&room["type"], None));
    assert_eq!(changed["is_pinned"], false);
    assert_eq!(bob.patch(&path, json!({})).await.expect(200), changed);
    for seen in [conversation(&room, ""), path.clone()] {
        assert_eq!(bob.get(&seen).await.expect(200), changed);
    }
    assert_eq!(cat.listed("?tag=X&q=tea", "id").await, [room["id"].clone()]);

    let bare = json!({"name": null, "description": " ", "metadata": null, "tags": []});
    let bare = cat.patch(&path, bare).await.expect(200);
    assert_eq!(bare["display_name"], "Ann, Bob");
    for gone in ["name", "description", "metadata"] {
        assert_eq!(bare.get(gone), None, "{gone}");
    }
    assert_eq!(bare["tags"], json!([]));
    for body in [
        json!({"name": "x".repeat(257)}),
        json!({"name": 5}),
        json!({"name": "kept?", "description": "x".repeat(513)}),
        json!({"name": "kept?", "metadata": [1]}),
        json!({"name": "kept?", "tags": [1]}),
        json!([]),
    ] {
        ann.patch(&path, body).await.expect(400);
    }
    assert_eq!(cat.get(&path).await.expect(200), bare, "all of it or nothing");
    dan.patch(&path, json!({"name": "Mine"})).await.expect(404);
    let administrator = server.caller_with("dan", 1, "administrator");
    administrator.patch(&path, json!({"name": "Mine"})).await.expect(404);
    let named = server.key().patch(&path, json!({"name": "Host"})).await.expect(200);
    assert_eq!((&named["name"], &named["is_subscribed"]), (&json!("Host"), &json!(false)));

    let chat = ann.create(json!(["bob"])).await;
    let named = bob.patch(&app(&chat, ""), json!({"name": "Us two"})).await.expect(200);
    assert_eq!((&named["display_name"], &named["user_id"]), (&json!("Us two"), &json!(1)));
    let doc = ann.post("/api/apps", order("doc")).await.expect(201);
    let named = ann.patch("/api/apps/doc", json!({"name": "Doc"})).await.expect(200);
    assert_eq!((&named["id"], &named["name"]), (&doc["id"], &json!("Doc")));
}

#[tokio::test]
async fn a_rename_shows_on_every_surface() {
    let server = Server::fresh().await;
    let [ann, bob, _] = arrived(&server, ["ann", "bob", "cat"]).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    ann.patch(&app(&room, ""), json!({"name": "Renamed"})).await.expect(200);
    let groups = bob.get("/v1/groups").await.expect(200);
    assert_eq!(groups["data"][0]["name"], "Renamed", "{groups}");
    let chats = bob.get("/api/v1/chats").await.expect(200);
    assert_eq!(chats["data"][0]["attributes"]["subject"], "Renamed", "{chats}");
    assert_eq!(bob.listed("?q=renam", "id").await, [room["id"].clone()]);
    // The audit trail shows that, and the host system's data.
    ann.patch(&app(&room, ""), json!({"metadata": {"a": 7}})).await.expect(200);
    let auditor = server.caller_with("eve", 1, "administrator");
    let trail = format!("/audit/conversations/{}", chats["data"][0]["id"].as_str().unwrap());
    let state = auditor.get(&format!("{trail}/state")).await.expect(200);
    assert_eq!(
        (&state["name"], &state["metadata"]),
        (&json!("Renamed"), &json!({"a": 7})),
        "{state}"
    );
}

#[tokio::test]
async fn erasing_is_for_the_creator_either_of_two_administrators_and_the_host_system() {
    let server = Server::fresh().await;
    let [ann, bob, cat] = arrived(&server, ["ann", "bob", "cat"]).await;
    let administrator = server.caller_with("eve", 1, "administrator");
    administrator.arrive().await;
    for eraser in [&ann, &administrator, &server.key()] {
        let room = ann.create(json!(["bob"])).await;
        let doc = ann.post("/api/apps/init", json!({"app": order("doc")})).await.expect(200);
        bob.post("/api/apps/init", json!({"app": order("doc")})).await.expect(200);
        let group = ann.create(json!(["bob", "cat"])).await;
        for shared in [&doc, &group] {
            bob.delete(&app(shared, "")).await.expect(403);
        }
        for erased in [&room, &doc, &group] {
            let message = bob.say(erased, "hi").await;
            server.caller("dan").delete(&app(erased, "")).await.expect(404);
            eraser.delete(&app(erased, "")).await.expect(204);
            for caller in [&ann, &bob, &server.key()] {
                caller.get(&app(erased, "?trashed=true")).await.expect(404);
                caller.get(&format!("/api/messages/{message}")).await.expect(404);
                caller.delete(&app(erased, "")).await.expect(404);
            }
        }
        assert_eq!(cat.listed("?trashed=null", "id").await, Vec::<Value>::new());
    }
    let room = ann.create(json!(["bob"])).await;
    bob.delete(&app(&room, "")).await.expect(204);
    ann.get(&conversation(&room, "")).await.expect(404);
}
