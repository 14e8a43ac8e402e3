use serde_json::json;

use super::{app, arrived, conversation};
use crate::harness::Server;

#[tokio::test]
async fn the_last_mark_wins_and_the_other_member_sees_it() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let (first, second) = (bob.say(&chat, "one").await, bob.say(&chat, "two").await);
    let path = format!("/api/conversations/{}", chat["id"]);
    let mark = format!("{path}/mark");

    let seen = ann.put(&mark).await.expect(200);
    assert_eq!(
        (&seen["is_unread"], &seen["members"][1]["marked_id"]),
        (&json!(false), &json!(second))
    );
    let seen = ann.put(&format!("{mark}?messageId={first}")).await.expect(200);
    assert_eq!(
        (&seen["is_unread"], &seen["members"][1]["marked_id"]),
        (&json!(true), &json!(first))
    );
    let seen = bob.get(&path).await.expect(200);
    assert_eq!(seen["members"][1]["marked_id"], first);
    assert!(seen["members"][1]["marked_at"].is_string());

    let seen = ann.delete(&mark).await.expect(200);
    assert_eq!((&seen["is_unread"], seen["members"][1].get("marked_id")), (&json!(true), None));
}

#[tokio::test]
async fn unread_lasts_also_where_nobody_else_said_anything() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let mark = format!("/api/conversations/{}/mark", chat["id"]);
    assert_eq!(ann.put(&mark).await.expect(200)["is_unread"], false);
    assert_eq!(ann.delete(&mark).await.expect(200)["is_unread"], true);
    assert_eq!(ann.put(&mark).await.expect(200)["is_unread"], false);
    ann.say(&chat, "only mine").await;
    assert_eq!(ann.delete(&mark).await.expect(200)["is_unread"], true);
    ann.say(&chat, "again mine").await;
    assert_eq!(
        ann.get(&format!("/api/conversations/{}", chat["id"])).await.expect(200)["is_unread"],
        true
    );
    assert_eq!(ann.put(&mark).await.expect(200)["is_unread"], false);
}

#[tokio::test]
async fn messages_that_cannot_be_marked_are_refused() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    server.caller("cat").arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    let foreign = ann.say(&room, "elsewhere").await;
    let mark = format!("/api/conversations/{}/mark", chat["id"]);
    for (message, status) in [
        ("0", 400),
        ("x", 400),
        ("-1", 400),
        ("99999", 404),
        ("99999999999999999999", 404),
        (foreign.to_string().as_str(), 404),
    ] {
        ann.put(&format!("{mark}?message_id={message}")).await.expect(status);
    }
    server.caller("cat").put(&mark).await.expect(404);
}

#[tokio::test]
async fn a_mark_that_is_repeated_keeps_its_time_and_a_deleted_message_is_none() {
    let server = Server::fresh().await;
    let [ann, bob] = arrived(&server, ["ann", "bob"]).await;
    let chat = ann.create(json!(["bob"])).await;
    let (first, second) = (bob.say(&chat, "one").await, bob.say(&chat, "two").await);
    let mark = conversation(&chat, "/mark");
    let marked = ann.put(&mark).await.expect(200);
    assert_eq!(ann.put(&mark).await.expect(200), marked);
    assert_eq!(ann.put(&format!("{mark}?MESSAGEID={second}")).await.expect(200), marked);
    bob.delete(&format!("/api/messages/{second}")).await.expect(204);
    ann.put(&format!("{mark}?message_id={second}")).await.expect(404);
    let marked = ann.put(&mark).await.expect(200);
    assert_eq!(
        (&marked["members"][0]["marked_id"], &marked["is_unread"]),
        (&json!(first), &json!(false))
    );
    bob.bare_post(&app(&chat, "/trash")).await.expect(200);
    ann.put(&mark).await.expect(404);
    ann.delete(&mark).await.expect(404);
}
