use reqwest::Method;
use serde_json::json;

use crate::harness::{Server, send};

#[tokio::test]
async fn a_pin_is_ones_own_and_repeating_it_keeps_its_time() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    server.caller("cat").arrive().await;
    let first = ann.create(json!(["bob"])).await;
    let second = ann.create(json!(["bob", "cat"])).await;
    let pin =
        |conversation: &serde_json::Value| format!("/api/conversations/{}/pin", conversation["id"]);
    assert_eq!(ann.put(&pin(&first)).await.expect(200)["is_pinned"], true);
    ann.put(&pin(&second)).await.expect(200);
    ann.put(&pin(&first)).await.expect(200);
    let list = ann.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"][0]["id"], second["id"], "the repeat did not reorder");
    let path = format!("/api/conversations/{}", first["id"]);
    assert_eq!(bob.get(&path).await.expect(200)["is_pinned"], false);
    assert_eq!(ann.delete(&pin(&first)).await.expect(200)["is_pinned"], false);
    assert_eq!(ann.delete(&pin(&first)).await.expect(200)["is_pinned"], false);
}

#[tokio::test]
async fn a_stranger_cannot_pin_and_learns_nothing() {
    let server = Server::fresh().await;
    let (ann, bob, cat) = (server.caller("ann"), server.caller("bob"), server.caller("cat"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    for path in
        [format!("/api/conversations/{}/pin", chat["id"]), "/api/conversations/abc/pin".to_owned()]
    {
        cat.put(&path).await.expect(404);
        cat.delete(&path).await.expect(404);
    }
}

#[tokio::test]
async fn bodies_are_ignored_and_a_trailing_slash_is_accepted() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    for body in ["", "{}", "[1]", "nonsense"] {
        let path = format!("/api/conversations/{}/pin/", chat["id"]);
        let request = ann.request(Method::PUT, &path);
        let request = request.header("Content-Type", "application/json").body(body);
        send(request).await.expect(200);
    }
    let request =
        ann.request(Method::GET, "/api/conversations/").header("Content-Type", "application/json");
    send(request).await.expect(200);
}
