use serde_json::{Value, json};

use super::{app, arrived, each};
use crate::harness::{Caller, Server};

async fn suggest(caller: &Caller, query: &str) -> Value {
    caller.get(&format!("/api/users/autocomplete{query}")).await.expect(200)
}

#[tokio::test]
async fn users_are_suggested_by_name_without_the_caller() {
    let server = Server::fresh().await;
    let [ann, ..] = arrived(&server, ["ann", "bob", "cat", "dan", "eve", "fay", "gus"]).await;
    let first = suggest(&ann, "").await;
    assert_eq!(each(&first, "uid"), ["bob", "cat", "dan", "eve", "fay"], "five by default");
    assert_eq!(
        (&first["start"], &first["end"], &first["count"]),
        (&json!(1), &json!(5), &json!(6))
    );
    assert_eq!(
        first["data"][0],
        json!({"id": 2, "uid": "bob", "display_name": "Bob", "presence": "active"})
    );
    for everybody in ["?q=*&skip=5", "?q=&skip=5", "?q=%20*%20&skip=5&top=100"] {
        assert_eq!(each(&suggest(&ann, everybody).await, "uid"), ["gus"], "{everybody}");
    }
    assert_eq!(each(&suggest(&ann, "?q=A").await, "uid"), ["cat", "dan", "fay"]);
    assert_eq!(each(&suggest(&server.key(), "?q=A").await, "uid"), ["ann", "cat", "dan", "fay"]);
    assert_eq!(suggest(&ann, "?q=A&count_only=true").await, json!({"count": 3}));
    assert_eq!(suggest(&server.key(), "?count_only=true").await, json!({"count": 7}));
    let beyond = json!({"data": [], "start": 0, "end": 3});
    assert_eq!(suggest(&ann, "?q=a&skip=50&count=false").await, beyond);
    let other = server.caller_with("ann", 2, "member");
    assert_eq!(suggest(&other, "").await, json!({"data": [], "start": 0, "end": 0, "count": 0}));
    ann.get("/api/users/autocomplete?top=x").await.expect(400);
}

#[tokio::test]
async fn who_is_in_a_conversation_is_told_to_who_is_in_it() {
    let server = Server::fresh().await;
    let [ann, _, cat, dan] = arrived(&server, ["ann", "bob", "cat", "dan"]).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    for caller in [&cat, &server.key()] {
        let told = suggest(caller, &format!("?ID={}&q=*&top=9", room["id"])).await;
        for user in told["data"].as_array().unwrap() {
            assert_eq!(user["is_member"], user["uid"] != "dan", "{user}");
        }
    }
    for (id, status) in [("0", 400), ("x", 400), ("999", 404)] {
        ann.get(&format!("/api/users/autocomplete?id={id}")).await.expect(status);
    }
    dan.get(&format!("/api/users/autocomplete?id={}", room["id"])).await.expect(404);
    ann.bare_post(&app(&room, "/trash")).await.expect(200);
    ann.get(&format!("/api/users/autocomplete?id={}", room["id"])).await.expect(404);
}
