use serde_json::{Value, json};

use super::desk::{agents_arrive, path};
use super::inbox_members::names;
use crate::harness::Server;

#[tokio::test]
async fn agents_are_the_users_who_were_seen_as_agents_or_administrators() {
    let server = Server::fresh().await;
    let host = server.key();
    assert_eq!(host.get(&path("/agents")).await.expect(200), json!([]));
    agents_arrive(&server, &["bob", "ann"]).await;
    server.caller("max").arrive().await;
    server.caller_with("robot", 1, "bot").arrive().await;
    server.caller_with("eve", 2, "agent").arrive().await;
    let admin = server.caller_with("zoe", 1, "administrator");
    let list = admin.get(&path("/agents")).await.expect(200);
    assert_eq!(names(&list), ["Bob", "Ann", "Zoe"]);
    let roles: Vec<&Value> = list.as_array().unwrap().iter().map(|one| &one["role"]).collect();
    assert_eq!(roles, ["agent", "agent", "administrator"]);
    let profile = json!({"email": "bob@example.com", "avatar_url": "https://a.example/b.png"});
    host.put_json("/api/users/bob", profile).await.expect(200);
    let list = host.get(&path("/agents")).await.expect(200);
    assert_eq!(list[0]["email"], "bob@example.com");
    assert_eq!(list[0]["thumbnail"], "https://a.example/b.png");
}

#[tokio::test]
async fn agents_are_listed_for_those_who_are_agents() {
    let server = Server::fresh().await;
    server.caller_with("ann", 1, "agent").get(&path("/agents")).await.expect(200);
    for role in ["member", "bot"] {
        server.caller_with("bob", 1, role).get(&path("/agents")).await.expect(403);
    }
    let elsewhere = server.caller_with("host", 2, "service");
    elsewhere.get(&path("/agents")).await.expect(403);
    assert_eq!(elsewhere.get("/api/v1/accounts/2/agents").await.expect(200), json!([]));
}
