use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{agent_id, inbox, members, path, refusal};
use crate::harness::{Answer, Caller, Server, send};

async fn change(caller: &Caller, inbox: &Value, body: Value) -> Answer {
    let request = caller.request(Method::PATCH, &path(&format!("/inboxes/{}", inbox["id"])));
    send(request.json(&body)).await
}

async fn names(caller: &Caller) -> Vec<Value> {
    let body = caller.get(&path("/inboxes")).await.expect(200);
    body["payload"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
}

#[tokio::test]
async fn an_inbox_of_each_channel_is_made() {
    let server = Server::fresh().await;
    let host = server.key();
    for (channel, channel_type) in [
        (json!({"type": "api"}), "Channel::Api"),
        (json!({"type": "web_widget", "website_url": "https://a.example"}), "Channel::WebWidget"),
        (json!({"type": "email", "email": "help@a.example"}), "Channel::Email"),
    ] {
        let body = json!({"name": "Shop", "channel": channel, "lock_to_single_conversation": true});
        let made = host.post(&path("/inboxes"), body).await.expect(200);
        let mut shown = json!({
            "id": made["id"], "channel_id": made["id"], "name": "Shop",
            "channel_type": channel_type, "avatar_url": "", "enable_auto_assignment": true,
            "lock_to_single_conversation": true, "inbox_identifier": made["inbox_identifier"],
        });
        for own in ["website_url", "email"] {
            if let Some(value) = channel.get(own) {
                shown[own] = value.clone();
            }
        }
        assert_eq!(made, shown);
        assert!(made["id"].is_i64());
        assert!(uuid::Uuid::try_parse(made["inbox_identifier"].as_str().unwrap()).is_ok());
        let one = host.get(&path(&format!("/inboxes/{}", made["id"]))).await.expect(200);
        assert_eq!(one, made);
    }
    assert_eq!(names(&host).await, ["Shop", "Shop", "Shop"]);
}

#[tokio::test]
async fn an_inbox_needs_a_name_and_a_channel() {
    let server = Server::fresh().await;
    let host = server.key();
    let api = json!({"type": "api"});
    for (body, missing) in [
        (json!({}), "name"),
        (json!({"name": "  ", "channel": api}), "name"),
        (json!({"name": null, "channel": api}), "name"),
        (json!({"name": "Shop"}), "channel"),
        (json!({"name": "Shop", "channel": {}}), "channel"),
        (json!({"name": "Shop", "channel": {"type": null, "email": "a@b"}}), "type"),
        (json!({"name": "Shop", "channel": {"type": "web_widget"}}), "website_url"),
        (json!({"name": "Shop", "channel": {"type": "email", "email": ""}}), "email"),
    ] {
        let answer = host.post(&path("/inboxes"), body.clone()).await;
        let message = format!("param is missing or the value is empty: {missing}");
        let (status, told, _) = refusal(&answer);
        assert_eq!((status, told), (422, message), "{body}");
    }
    let body = json!({"name": "Shop", "channel": {"type": "pigeon"}});
    let (status, _, attributes) = refusal(&host.post(&path("/inboxes"), body).await);
    assert_eq!((status, attributes), (422, json!(["type"])));
    let body = json!({"name": "x".repeat(257), "channel": api});
    assert_eq!(refusal(&host.post(&path("/inboxes"), body).await).0, 422);
    let body = json!({"name": "Shop", "channel": api, "lock_to_single_conversation": "maybe"});
    assert_eq!(refusal(&host.post(&path("/inboxes"), body).await).0, 422);
    assert_eq!(names(&host).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_given_of_an_inbox_changes() {
    let server = Server::fresh().await;
    let host = server.key();
    let body = json!({"name": "Page", "channel": {"type": "web_widget", "website_url": "a"}});
    let made = host.post(&path("/inboxes"), body).await.expect(200);
    let nothing = json!({"name": null, "lock_to_single_conversation": null, "channel": null});
    assert_eq!(change(&host, &made, nothing).await.expect(200), made);
    let body = json!({"name": "Site", "enable_auto_assignment": false,
                      "lock_to_single_conversation": "true", "channel": {"website_url": "b"}});
    let changed = change(&host, &made, body).await.expect(200);
    assert_eq!(changed["name"], "Site");
    assert_eq!(changed["enable_auto_assignment"], false);
    assert_eq!(changed["lock_to_single_conversation"], true);
    assert_eq!(changed["website_url"], "b");
    assert_eq!(changed["channel_type"], "Channel::WebWidget");
    let one = path(&format!("/inboxes/{}", made["id"]));
    assert_eq!(host.put_json(&one, json!({"name": "X"})).await.expect(200)["name"], "X");
    assert_eq!(change(&host, &made, json!({"name": " "})).await.status, 422);
    assert_eq!(change(&host, &json!({"id": 999}), json!({"name": "Y"})).await.status, 404);
    assert_eq!(names(&host).await, ["X"]);
}

#[tokio::test]
async fn agents_read_the_inboxes_that_they_are_in_and_write_none() {
    let server = Server::fresh().await;
    let (admin, ann) =
        (server.caller_with("admin", 1, "administrator"), server.caller_with("ann", 1, "agent"));
    ann.get(&path("/agents")).await.expect(200);
    let (hers, other) = (inbox(&admin, "hers").await, inbox(&admin, "other").await);
    assert_eq!(names(&ann).await, Vec::<Value>::new());
    members(&admin, &hers, &["ann"]).await;
    assert_eq!(names(&ann).await, ["hers"]);
    assert_eq!(names(&admin).await, ["hers", "other"]);
    let one = |inbox: &Value| path(&format!("/inboxes/{}", inbox["id"]));
    let of = |inbox: &Value| path(&format!("/inbox_members/{}", inbox["id"]));
    ann.get(&one(&hers)).await.expect(200);
    ann.get(&of(&hers)).await.expect(200);
    let ids = json!([agent_id(&admin, "ann").await]);
    let set = json!({"inbox_id": hers["id"], "user_ids": ids});
    let with = |method| ann.request(method, &path("/inbox_members")).json(&set);
    let body = json!({"name": "Shop", "channel": {"type": "api"}});
    for answer in [
        ann.get(&one(&other)).await,
        ann.get(&of(&other)).await,
        ann.post(&path("/inboxes"), body).await,
        change(&ann, &hers, json!({"name": "mine"})).await,
        send(with(Method::POST)).await,
        send(with(Method::PATCH)).await,
        send(with(Method::DELETE)).await,
    ] {
        assert_eq!(answer.expect(403)["error"], "Access denied");
    }
    for id in ["999", "0", "x"] {
        assert_eq!(ann.get(&path(&format!("/inboxes/{id}"))).await.status, 404, "{id}");
        assert_eq!(ann.get(&path(&format!("/inbox_members/{id}"))).await.status, 404, "{id}");
    }
    for role in ["member", "bot"] {
        let nobody = server.caller_with("bob", 1, role);
        nobody.get(&path("/inboxes")).await.expect(403);
        nobody.get(&one(&hers)).await.expect(403);
        nobody.get(&of(&hers)).await.expect(403);
    }
}

#[tokio::test]
async fn two_accounts_have_inboxes_of_their_own() {
    let server = Server::fresh().await;
    let (here, there) = (server.key(), server.caller_with("host", 2, "service"));
    inbox(&here, "shop").await;
    let mine = inbox(&here, "shop").await;
    let theirs = |rest: &str| format!("/api/v1/accounts/2{rest}");
    assert_eq!(there.get(&theirs("/inboxes")).await.expect(200), json!({"payload": []}));
    let hidden = there.get(&theirs(&format!("/inboxes/{}", mine["id"]))).await;
    assert_eq!(hidden.expect(404), json!({"error": "Resource could not be found"}));
    there.get(&path("/inboxes")).await.expect(403);
}
