use serde_json::json;

use super::{app, arrived, conversation};
use crate::harness::Server;

#[tokio::test]
async fn a_star_and_a_subscription_are_ones_own_and_repeat_without_effect() {
    let server = Server::fresh().await;
    let [ann, bob, _, dan] = arrived(&server, ["ann", "bob", "cat", "dan"]).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    for _ in 0..2 {
        assert_eq!(ann.bare_post(&app(&room, "/stars/")).await.expect(204), "");
        let seen = ann.bare_post(&app(&room, "/unsubscribe")).await.expect(200);
        assert_eq!((&seen["is_starred"], &seen["is_subscribed"]), (&json!(true), &json!(false)));
    }
    let list = ann.get("/api/conversations").await.expect(200);
    assert_eq!(
        (&list["data"][0]["is_starred"], &list["data"][0]["is_subscribed"]),
        (&json!(true), &json!(false))
    );
    let other = bob.get(&conversation(&room, "")).await.expect(200);
    assert_eq!((&other["is_starred"], &other["is_subscribed"]), (&json!(false), &json!(true)));
    for _ in 0..2 {
        ann.delete(&app(&room, "/stars")).await.expect(204);
        let seen = ann.bare_post(&app(&room, "/subscribe")).await.expect(200);
        assert_eq!((&seen["is_starred"], &seen["is_subscribed"]), (&json!(false), &json!(true)));
    }
    for below in ["/stars", "/subscribe", "/unsubscribe"] {
        dan.bare_post(&app(&room, below)).await.expect(404);
        server.key().bare_post(&app(&room, below)).await.expect(403);
        ann.bare_post(&format!("/api/apps/abc{below}")).await.expect(404);
    }
    dan.delete(&app(&room, "/stars")).await.expect(404);
    server.key().delete(&app(&room, "/stars")).await.expect(403);
}
