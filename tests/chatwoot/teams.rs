use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{agent_id, agents_arrive, path, refusal};
use super::inbox_members::names;
use crate::harness::{Answer, Caller, Server, send};

async fn team(caller: &Caller, name: &str) -> Value {
    caller.post(&path("/teams"), json!({ "name": name })).await.expect(200)
}

fn one(team: &Value) -> String {
    path(&format!("/teams/{}", team["id"]))
}

async fn change(caller: &Caller, team: &Value, body: Value) -> Answer {
    send(caller.request(Method::PATCH, &one(team)).json(&body)).await
}

async fn set(caller: &Caller, method: Method, team: &Value, users: Value) -> Answer {
    let request = caller.request(method, &format!("{}/team_members", one(team)));
    send(request.json(&json!({ "user_ids": users }))).await
}

#[tokio::test]
async fn a_team_is_made_changed_and_listed() {
    let server = Server::fresh().await;
    let host = server.key();
    assert_eq!(host.get(&path("/teams")).await.expect(200), json!([]));
    let body = json!({"name": " Tier ONE ", "description": "first", "allow_auto_assign": true});
    let made = host.post(&path("/teams"), body).await.expect(200);
    let shown = json!({
        "id": made["id"], "name": "tier one", "description": "first",
        "allow_auto_assign": true, "account_id": 1, "is_member": false,
    });
    assert_eq!(made, shown);
    let other = team(&host, "two").await;
    assert_eq!(other["description"], Value::Null);
    assert_eq!(other["allow_auto_assign"], false);
    assert_eq!(host.get(&path("/teams")).await.expect(200), json!([made, other]));
    assert_eq!(host.get(&one(&made)).await.expect(200), made);

    let body = json!({"name": "Three", "description": null, "allow_auto_assign": "false"});
    let changed = change(&host, &made, body).await.expect(200);
    assert_eq!(changed["name"], "three");
    assert_eq!(changed["description"], "first");
    assert_eq!(changed["allow_auto_assign"], false);
    let cleared = host.put_json(&one(&made), json!({"description": ""})).await.expect(200);
    assert_eq!(cleared["description"], Value::Null);
    assert_eq!(cleared["name"], "three");
}

#[tokio::test]
async fn a_name_is_one_teams() {
    let server = Server::fresh().await;
    let host = server.key();
    let (support, sales) = (team(&host, "Escalations").await, team(&host, "sales").await);
    let taken = "name has already been taken".to_owned();
    for answer in [
        host.post(&path("/teams"), json!({"name": " ESCALATIONS"})).await,
        change(&host, &sales, json!({"name": "escalations"})).await,
    ] {
        assert_eq!(refusal(&answer), (422, taken.clone(), json!(["name"])));
    }
    change(&host, &support, json!({"name": "Escalations"})).await.expect(200);
    change(&host, &support, json!({"name": "help"})).await.expect(200);
    change(&host, &sales, json!({"name": "escalations"})).await.expect(200);
    for body in [json!({}), json!({"name": null}), json!({"name": " "})] {
        let (status, message, _) = refusal(&host.post(&path("/teams"), body).await);
        let missing = "param is missing or the value is empty: name";
        assert_eq!((status, message.as_str()), (422, missing));
    }
    for body in [json!({"name": "x".repeat(257)}), json!({"description": "x".repeat(513)})] {
        assert_eq!(refusal(&change(&host, &sales, body).await).0, 422);
    }
    let there = server.caller_with("host", 2, "service");
    let made = there.post("/api/v1/accounts/2/teams", json!({"name": "escalations"})).await;
    let made = made.expect(200);
    assert_eq!(there.get("/api/v1/accounts/2/teams").await.expect(200), json!([made]));
}

#[tokio::test]
async fn of_thirty_two_at_once_one_makes_the_team() {
    let server = Server::fresh().await;
    let host = server.key();
    let teams = path("/teams");
    let made = (0..32).map(|_| host.post(&teams, json!({"name": "escalations"})));
    let made = join_all(made).await;
    let statuses: Vec<u16> = made.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let list = host.get(&path("/teams")).await.expect(200);
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_team_is_gone_and_its_name_free() {
    let server = Server::fresh().await;
    let host = server.key();
    let made = team(&host, "escalations").await;
    let delete = || {
        let request = host.request(Method::DELETE, &one(&made));
        send(request.header("Idempotency-Key", "gone"))
    };
    assert_eq!(delete().await.expect(200), "");
    assert_eq!(delete().await.expect(200), "");
    for answer in [
        host.get(&one(&made)).await,
        host.delete(&one(&made)).await,
        change(&host, &made, json!({"name": "x"})).await,
        host.get(&format!("{}/team_members", one(&made))).await,
        set(&host, Method::POST, &made, json!([])).await,
    ] {
        assert_eq!(answer.expect(404), json!({"error": "Resource could not be found"}));
    }
    assert_eq!(host.get(&path("/teams")).await.expect(200), json!([]));
    assert_ne!(team(&host, "escalations").await["id"], made["id"]);
}

#[tokio::test]
async fn team_members_are_added_set_and_removed() {
    let server = Server::fresh().await;
    let host = server.key();
    let support = team(&host, "escalations").await;
    agents_arrive(&server, &["ann", "bob", "cat"]).await;
    let (ann, bob, cat) =
        (agent_id(&host, "ann").await, agent_id(&host, "bob").await, agent_id(&host, "cat").await);
    let list = format!("{}/team_members", one(&support));
    assert_eq!(host.get(&list).await.expect(200), json!([]));
    for (method, users, left) in [
        (Method::POST, json!([ann]), &["Ann"][..]),
        (Method::POST, json!([bob.to_string(), ann]), &["Ann", "Bob"]),
        (Method::PATCH, json!([cat, bob]), &["Bob", "Cat"]),
        (Method::PATCH, json!([]), &[]),
        (Method::PUT, json!([ann, bob]), &["Ann", "Bob"]),
    ] {
        let answer = set(&host, method, &support, users).await.expect(200);
        assert_eq!(names(&answer), left);
        assert_eq!(host.get(&list).await.expect(200), answer);
    }
    assert_eq!(set(&host, Method::DELETE, &support, json!([bob])).await.expect(200), "");
    assert_eq!(names(&host.get(&list).await.expect(200)), ["Ann"]);
    for users in [json!([999]), json!([ann, 999])] {
        assert_eq!(set(&host, Method::POST, &support, users).await.status, 404);
    }
    let missing = host.post(&list, json!({})).await;
    let told = "param is missing or the value is empty: user_ids";
    assert_eq!(refusal(&missing).1, told);

    let caller = server.caller_with("ann", 1, "agent");
    assert_eq!(caller.get(&one(&support)).await.expect(200)["is_member"], true);
    let caller = server.caller_with("bob", 1, "agent");
    assert_eq!(caller.get(&path("/teams")).await.expect(200)[0]["is_member"], false);
}

#[tokio::test]
async fn agents_read_teams_and_write_none() {
    let server = Server::fresh().await;
    let (admin, ann) =
        (server.caller_with("admin", 1, "administrator"), server.caller_with("ann", 1, "agent"));
    let support = team(&admin, "escalations").await;
    let list = format!("{}/team_members", one(&support));
    for read in [path("/teams"), one(&support), list.clone()] {
        ann.get(&read).await.expect(200);
        for role in ["member", "bot"] {
            server.caller_with("bob", 1, role).get(&read).await.expect(403);
        }
    }
    for answer in [
        ann.post(&path("/teams"), json!({"name": "mine"})).await,
        change(&ann, &support, json!({"name": "mine"})).await,
        ann.delete(&one(&support)).await,
        set(&ann, Method::POST, &support, json!([])).await,
        set(&ann, Method::PATCH, &support, json!([])).await,
        set(&ann, Method::DELETE, &support, json!([])).await,
    ] {
        assert_eq!(answer.expect(403)["error"], "Access denied");
    }
    for id in ["999", "0", "x"] {
        assert_eq!(ann.get(&path(&format!("/teams/{id}"))).await.status, 404, "{id}");
    }
}
