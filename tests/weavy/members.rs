use reqwest::Method;
use serde_json::{Value, json};

use super::{app, arrived, conversation, each};
use crate::harness::{Server, send};

#[tokio::test]
async fn members_are_let_in_by_array_by_path_and_by_comma_list() {
    let server = Server::fresh().await;
    let [ann, bob, ..] = arrived(&server, ["ann", "bob", "cat", "dan", "eve", "fay"]).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    let (list, seen) = (app(&room, "/members"), conversation(&room, ""));
    // A member who did not create it may add users, too; existing members stay as they are.
    let answer = bob.post(&list, json!([4, "dan", "bob"])).await;
    assert_eq!(answer.expect(200), "");
    assert_eq!(each(&ann.get(&list).await.expect(200), "uid"), ["ann", "bob", "cat", "dan"]);
    let answer = send(bob.request(Method::PUT, &format!("{list}/eve,6/")).body("ignored")).await;
    assert_eq!(answer.expect(200), "");
    let members = ann.get(&format!("{list}?top=2&skip=3")).await.expect(200);
    assert_eq!(each(&members, "id"), [json!(4), json!(5)]);
    assert_eq!((&members["start"], &members["end"]), (&json!(4), &json!(5)));
    assert_eq!(members["count"], 6);
    assert_eq!(ann.get(&seen).await.expect(200)["members"].as_array().unwrap().len(), 6);
    assert_eq!(server.key().get(&format!("{list}?count_only=true")).await.expect(200)["count"], 6);
    for (q, found) in [("A", 4), ("FAY", 1), ("%25", 0), ("x", 0)] {
        let page = ann.get(&format!("{list}?q={q}&top=1&skip=9")).await.expect(200);
        assert_eq!((&page["count"], &page["end"]), (&json!(found), &json!(found)), "{q}");
    }

    server.caller("gus").get(&list).await.expect(404);
    for body in [json!(["nobody"]), json!([99]), json!([true]), json!({}), json!("bob")] {
        bob.post(&list, body.clone()).await.expect(400);
        ann.delete_with(&list, body).await.expect(400);
    }
    for path in ["nobody", "99", "bob,nobody", "99999999999999999999", ",", "%00"] {
        bob.put(&format!("{list}/{path}")).await.expect(404);
        ann.delete(&format!("{list}/{path}")).await.expect(404);
    }
    assert_eq!(ann.get(&seen).await.expect(200)["member_count"], 6);
}

#[tokio::test]
async fn anyone_may_leave_and_taking_others_out_is_for_who_is_in_charge() {
    let server = Server::fresh().await;
    let [ann, bob, cat, dan] = arrived(&server, ["ann", "bob", "cat", "dan"]).await;
    let administrator = server.caller_with("eve", 1, "administrator");
    administrator.arrive().await;
    let room = ann.create(json!(["bob", "cat", "dan"])).await;
    let list = app(&room, "/members");
    for others in [json!(["cat"]), json!(["bob", "cat"]), json!(["eve"])] {
        bob.delete_with(&list, others).await.expect(403);
    }
    bob.delete(&format!("{list}/cat")).await.expect(403);
    assert_eq!(ann.get(&list).await.expect(200)["count"], 4);

    // Leaving, where a repeat with the same key is no error.
    for _ in 0..2 {
        let leave = bob.request(Method::DELETE, &list).header("Idempotency-Key", "leave");
        assert_eq!(send(leave.json(&json!(["bob"]))).await.expect(200), "");
    }
    bob.delete_with(&list, json!(["bob"])).await.expect(404);
    bob.get(&list).await.expect(404);
    bob.post(&list, json!(["bob"])).await.expect(404);
    for (method, below) in
        [("GET", ""), ("PUT", "/mark"), ("DELETE", "/mark"), ("PUT", "/pin"), ("DELETE", "/pin")]
    {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        send(bob.request(method, &conversation(&room, below))).await.expect(404);
    }
    bob.get(&app(&room, "/messages")).await.expect(404);
    assert_eq!(bob.listed("?trashed=null", "id").await, Vec::<Value>::new());

    dan.delete(&format!("{list}/4")).await.expect(200);
    ann.delete(&format!("{list}/cat")).await.expect(200);
    cat.get(&list).await.expect(404);
    // The creator is in charge only as long as they are a member.
    ann.post(&list, json!(["bob", "cat"])).await.expect(200);
    ann.delete(&format!("{list}/ann")).await.expect(200);
    ann.delete_with(&list, json!(["bob"])).await.expect(404);
    administrator.post(&list, json!(["eve"])).await.expect(404);
    administrator.delete_with(&list, json!(["bob", "nobody"])).await.expect(400);
    administrator.delete_with(&list, json!(["bob"])).await.expect(200);
    server.key().delete_with(&list, json!([3])).await.expect(200);
    let empty = server.key().get(&app(&room, "")).await.expect(200);
    assert_eq!((&empty["member_count"], &empty["members"]), (&json!(0), &json!([])));
    server.key().post(&list, json!(["ann"])).await.expect(200);
    assert_eq!(ann.listed("", "id").await, [room["id"].clone()]);
}

#[tokio::test]
async fn the_two_of_a_private_chat_are_fixed() {
    let server = Server::fresh().await;
    let [ann, bob, cat] = arrived(&server, ["ann", "bob", "cat"]).await;
    let chat = ann.create(json!(["bob"])).await;
    let list = app(&chat, "/members");
    for caller in [&ann, &bob, &server.key()] {
        for body in [json!(["cat"]), json!(["ann"]), json!(["bob"])] {
            caller.post(&list, body.clone()).await.expect(400);
            caller.delete_with(&list, body).await.expect(400);
        }
        for name in ["ann", "2", "cat"] {
            caller.put(&format!("{list}/{name}")).await.expect(400);
            caller.delete(&format!("{list}/{name}")).await.expect(400);
        }
    }
    cat.post(&list, json!(["cat"])).await.expect(404);
    assert_eq!(each(&bob.get(&list).await.expect(200), "uid"), ["ann", "bob"]);
}

#[tokio::test]
async fn a_member_who_is_let_in_again_starts_fresh_and_sees_the_history() {
    let server = Server::fresh().await;
    let [ann, bob, _] = arrived(&server, ["ann", "bob", "cat"]).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    let seen = conversation(&room, "");
    let said = ann.say(&room, "one").await;
    bob.put(&format!("{seen}/pin")).await.expect(200);
    bob.put(&format!("{seen}/mark")).await.expect(200);
    bob.bare_post(&app(&room, "/stars")).await.expect(204);
    let before = bob.bare_post(&app(&room, "/unsubscribe")).await.expect(200);
    assert_eq!((&before["is_pinned"], &before["is_starred"]), (&json!(true), &json!(true)));
    assert_eq!(before["members"][1]["marked_id"], said);
    for again in 0..2 {
        bob.delete(&app(&room, "/members/bob")).await.expect(200);
        assert_eq!(ann.get(&seen).await.expect(200)["member_count"], 2);
        ann.put(&app(&room, "/members/bob")).await.expect(200);
        let back = bob.get(&seen).await.expect(200);
        let flags = ["is_pinned", "is_starred", "is_subscribed", "is_unread"].map(|f| &back[f]);
        assert_eq!(flags, [&json!(false), &json!(false), &json!(true), &json!(true)], "{again}");
        assert_eq!(back["members"][1].get("marked_id"), None);
        assert_eq!(bob.get("/api/conversations/badge").await.expect(200)["rooms"], 1);
        assert_eq!(bob.get(&app(&room, "/messages")).await.expect(200)["count"], 1);
        bob.bare_post(&app(&room, "/stars")).await.expect(204);
    }
}
