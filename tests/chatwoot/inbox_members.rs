use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{agent_id, agents_arrive, inbox, path, refusal};
use crate::harness::{Answer, Caller, Server, send};

async fn set(caller: &Caller, method: Method, inbox: &Value, users: Value) -> Answer {
    let body = json!({"inbox_id": inbox["id"], "user_ids": users});
    send(caller.request(method, &path("/inbox_members")).json(&body)).await
}

/// The names in an answer that lists members.
pub fn names(body: &Value) -> Vec<String> {
    let members = body.get("payload").unwrap_or(body).as_array().unwrap();
    members.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn members_are_added_set_and_removed() {
    let server = Server::fresh().await;
    let host = server.key();
    let desk = inbox(&host, "shop").await;
    agents_arrive(&server, &["ann", "bob", "cat"]).await;
    let (ann, bob, cat) =
        (agent_id(&host, "ann").await, agent_id(&host, "bob").await, agent_id(&host, "cat").await);
    let list = path(&format!("/inbox_members/{}", desk["id"]));
    assert_eq!(host.get(&list).await.expect(200), json!({"payload": []}));
    for (method, users, left) in [
        (Method::POST, json!([ann]), &["Ann"][..]),
        (Method::POST, json!([bob.to_string(), ann]), &["Ann", "Bob"]),
        (Method::POST, json!([]), &["Ann", "Bob"]),
        (Method::PATCH, json!([cat, bob, cat]), &["Bob", "Cat"]),
        (Method::PUT, json!([bob]), &["Bob"]),
        (Method::PATCH, json!([]), &[]),
    ] {
        let answer = set(&host, method, &desk, users).await.expect(200);
        assert_eq!(names(&answer), left);
        assert_eq!(host.get(&list).await.expect(200), answer);
    }
    set(&host, Method::PATCH, &desk, json!([ann, bob, cat])).await.expect(200);
    for users in [json!([bob]), json!([bob])] {
        let answer = set(&host, Method::DELETE, &desk, users).await.expect(200);
        assert_eq!(answer, "");
        assert_eq!(names(&host.get(&list).await.expect(200)), ["Ann", "Cat"]);
    }
}

#[tokio::test]
async fn a_member_is_an_agent_with_all_that_is_shown() {
    let server = Server::fresh().await;
    let host = server.key();
    let desk = inbox(&host, "shop").await;
    agents_arrive(&server, &["ann"]).await;
    let ann = agent_id(&host, "ann").await;
    let answer = set(&host, Method::POST, &desk, json!([ann])).await.expect(200);
    let shown = json!({
        "id": ann, "account_id": 1, "availability_status": "online", "auto_offline": true,
        "confirmed": true, "email": "", "available_name": "Ann", "name": "Ann",
        "role": "agent", "thumbnail": "", "provider": "email",
    });
    assert_eq!(answer, json!({"payload": [shown]}));
}

#[tokio::test]
async fn only_agents_can_be_in_an_inbox() {
    let server = Server::fresh().await;
    let host = server.key();
    let desk = inbox(&host, "shop").await;
    agents_arrive(&server, &["ann"]).await;
    let ann = agent_id(&host, "ann").await;
    let member = server.caller("max");
    let max = member.get("/api/user").await.expect(200)["id"].clone();
    for users in [json!([999]), json!([ann, 999]), json!(["x"]), json!([max]), json!([0])] {
        for method in [Method::POST, Method::PATCH, Method::DELETE] {
            let answer = set(&host, method, &desk, users.clone()).await;
            assert_eq!(answer.expect(404), json!({"error": "Resource could not be found"}));
        }
    }
    let list = host.get(&path(&format!("/inbox_members/{}", desk["id"]))).await;
    assert_eq!(list.expect(200), json!({"payload": []}));
}

#[tokio::test]
async fn members_need_an_inbox_and_users() {
    let server = Server::fresh().await;
    let host = server.key();
    let desk = inbox(&host, "shop").await;
    for (body, missing) in [
        (json!({"user_ids": []}), "inbox_id"),
        (json!({"inbox_id": null, "user_ids": []}), "inbox_id"),
        (json!({"inbox_id": desk["id"]}), "user_ids"),
        (json!({"inbox_id": desk["id"], "user_ids": null}), "user_ids"),
    ] {
        for method in [Method::POST, Method::PATCH, Method::DELETE] {
            let request = host.request(method, &path("/inbox_members")).json(&body);
            let (status, message, _) = refusal(&send(request).await);
            let told = format!("param is missing or the value is empty: {missing}");
            assert_eq!((status, message), (422, told), "{body}");
        }
    }
    let body = json!({"inbox_id": 999, "user_ids": []});
    assert_eq!(host.post(&path("/inbox_members"), body).await.status, 404);
    let body = json!({"inbox_id": desk["id"], "user_ids": "x"});
    assert_eq!(refusal(&host.post(&path("/inbox_members"), body).await).0, 422);
}

#[tokio::test]
async fn who_is_no_agent_any_more_can_be_taken_out() {
    let server = Server::fresh().await;
    let host = server.key();
    let desk = inbox(&host, "shop").await;
    agents_arrive(&server, &["ann"]).await;
    let ann = agent_id(&host, "ann").await;
    set(&host, Method::POST, &desk, json!([ann])).await.expect(200);
    server.caller("ann").arrive().await;
    assert_eq!(host.get(&path("/agents")).await.expect(200), json!([]));
    set(&host, Method::DELETE, &desk, json!([ann])).await.expect(200);
    let list = host.get(&path(&format!("/inbox_members/{}", desk["id"]))).await;
    assert_eq!(list.expect(200), json!({"payload": []}));
}
