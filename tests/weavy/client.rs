//! What a chat client does from login to logout.

use serde_json::{Value, json};

use super::{app, conversation, each};
use crate::harness::{Caller, Server};

async fn badge(caller: &Caller) -> Value {
    caller.get("/api/conversations/badge").await.expect(200)
}

fn unread(private: i64, rooms: i64, chat: i64) -> Value {
    json!({"private": private, "rooms": rooms, "chat": chat})
}

/// The host system registers users who sign in, and shows a thing of its own with a chat on it.
async fn host(server: &Server) -> Caller {
    let key = server.key();
    for (uid, name) in [("ann", "Ann"), ("bob", "Bob"), ("cat", "Cat"), ("dan", "Dan")] {
        let profile =
            json!({"name": name, "avatar_url": format!("https://host.example/{uid}.png")});
        key.put_json(&format!("/api/users/{uid}"), profile).await.expect(200);
    }
    key
}

#[tokio::test]
async fn from_login_to_logout() {
    let server = Server::fresh().await;
    let key = host(&server).await;
    // Signing in: who am I, what waits, what is there.
    let (ann, bob, cat) = (server.caller("ann"), server.caller("bob"), server.caller("cat"));
    let me = ann.get("/api/user").await.expect(200);
    assert_eq!(
        (&me["uid"], &me["avatar_url"]),
        (&json!("ann"), &json!("https://host.example/ann.png"))
    );
    assert_eq!(badge(&ann).await, unread(0, 0, 0));
    let page = ann.get("/api/conversations?contextual=false&top=25&order_by=").await.expect(200);
    assert_eq!((&page["data"], &page["count"]), (&json!([]), &json!(0)));

    // Finding somebody to write to, and writing.
    let found = ann.get("/api/users/autocomplete?q=bo&top=25").await.expect(200);
    assert_eq!(each(&found, "uid"), ["bob"]);
    let body = json!({"members": each(&found, "id")});
    let chat = ann.post("/api/conversations", body).await.expect(201);
    assert_eq!(
        (&chat["display_name"], &chat["avatar_url"]),
        (&json!("Bob"), &json!("https://host.example/bob.png"))
    );
    let hello = json!({"text": "Hello <Bob>", "meeting_id": null, "blobs": [], "embed_id": null});
    let hello = ann.post(&app(&chat, "/messages"), hello).await.expect(200);
    assert_eq!(hello["plain"], "Hello &lt;Bob&gt;");

    // Bob sees it, opens it, answers; Ann sees that he has read it.
    assert_eq!(badge(&bob).await, unread(1, 0, 0));
    let inbox = bob.get("/api/conversations?unread=true").await.expect(200);
    assert_eq!(
        (&inbox["data"][0]["id"], &inbox["data"][0]["last_message"]["id"]),
        (&chat["id"], &hello["id"])
    );
    let messages = bob.get(&app(&chat, "/messages?order_by=id+desc&top=25")).await.expect(200);
    assert_eq!(each(&messages, "id"), [hello["id"].clone()]);
    let mark = format!("/mark?messageId={}", hello["id"]);
    assert_eq!(bob.put(&conversation(&chat, &mark)).await.expect(200)["is_unread"], false);
    let answer = bob.say(&chat, "Hi").await;
    let seen = ann.get(&conversation(&chat, "")).await.expect(200);
    assert_eq!(
        (&seen["members"][1]["marked_id"], &seen["is_unread"]),
        (&hello["id"], &json!(true))
    );
    ann.put(&conversation(&chat, "/mark")).await.expect(200);

    // A room: named, someone let in, pinned, starred, quiet.
    let body = json!({"members": ["bob", "cat"], "name": "Lunch"});
    let room = ann.post("/api/conversations", body).await.expect(201);
    bob.patch(&app(&room, ""), json!({"name": "Lunch today", "description": "At noon"}))
        .await
        .expect(200);
    let members = cat.get(&app(&room, "/members?q=b")).await.expect(200);
    assert_eq!(each(&members, "uid"), ["bob"]);
    let to_let_in =
        cat.get(&format!("/api/users/autocomplete?q=*&id={}", room["id"])).await.expect(200);
    assert_eq!(each(&to_let_in, "is_member"), [true, true, false]);
    cat.post(&app(&room, "/members"), json!(["dan"])).await.expect(200);
    cat.put(&conversation(&room, "/pin")).await.expect(200);
    cat.bare_post(&app(&room, "/stars")).await.expect(204);
    cat.bare_post(&app(&room, "/unsubscribe")).await.expect(200);
    let first = cat.get("/api/conversations?top=1").await.expect(200);
    let flags = ["is_pinned", "is_starred", "is_subscribed"].map(|flag| &first["data"][0][flag]);
    assert_eq!(flags, [&json!(true), &json!(true), &json!(false)]);
    assert_eq!(first["data"][0]["display_name"], "Lunch today");

    // A slip of the tongue, edited, and one taken back.
    let slip = ann.say(&room, "At one?").await;
    let edited =
        ann.patch(&format!("/api/messages/{slip}"), json!({"text": "At two?"})).await.expect(200);
    assert_eq!((&edited["text"], &edited["modified_by_id"]), (&json!("At two?"), &me["id"]));
    bob.patch(&format!("/api/messages/{slip}"), json!({"text": "Never"})).await.expect(403);
    assert_eq!(badge(&cat).await, unread(0, 1, 0));
    let oops = ann.say(&room, "Oops").await;
    ann.delete(&format!("/api/messages/{oops}")).await.expect(204);
    assert_eq!(cat.get(&conversation(&room, "")).await.expect(200)["last_message_id"], slip);
    assert_eq!(cat.get(&app(&room, "/messages?q=TWO")).await.expect(200)["count"], 1);
    // Kept for later: unread again.
    cat.put(&conversation(&room, "/mark")).await.expect(200);
    cat.delete(&conversation(&room, "/mark")).await.expect(200);
    assert_eq!(badge(&cat).await, unread(0, 1, 0));

    // The chat on a page of the host system.
    let init =
        json!({"app": {"uid": "page-7", "type": "chat", "name": "Page 7"}, "user": {"uid": "ann"}});
    let page = ann.post("/api/apps/init", init).await.expect(200);
    ann.say(&page, "About this page").await;
    let init = json!({"app": {"uid": "page-7", "type": "chat"}, "user": {"uid": "bob"}});
    assert_eq!(key.post("/api/apps/init", init).await.expect(200)["id"], page["id"]);
    assert_eq!(badge(&bob).await, unread(0, 1, 1));
    let on_page = bob.get("/api/apps/page-7").await.expect(200);
    assert_eq!(on_page["last_message"]["text"], "About this page");
    assert_eq!(bob.listed("?contextual=true", "id").await, [page["id"].clone()]);

    // Tidying up: leaving, the trash and back, erasing.
    cat.delete(&app(&room, "/members/cat")).await.expect(200);
    cat.get(&conversation(&room, "")).await.expect(404);
    assert_eq!(badge(&cat).await, unread(0, 0, 0));
    ann.bare_post(&app(&chat, "/trash")).await.expect(200);
    assert_eq!(bob.listed("?type=private", "id").await, Vec::<Value>::new());
    let again = bob.post("/api/conversations", json!({"members": ["ann"]})).await.expect(201);
    assert_eq!((&again["id"], &again["last_message_id"]), (&chat["id"], &json!(answer)));
    ann.delete(&app(&room, "")).await.expect(204);
    assert_eq!(bob.listed("", "id").await, [page["id"].clone(), chat["id"].clone()]);

    // Typing is sent to the other members, and nothing of it is kept.
    ann.put(&app(&chat, "/messages/typing")).await.expect(204);
    // Signing out: the host system revokes the tokens, and requests with them are refused.
    key.delete("/api/users/ann/tokens").await.expect(204);
    assert_eq!(ann.get("/api/conversations").await.expect(401)["title"], "Unauthorized");
    ann.get("/api/conversations/badge").await.expect(401);
    bob.get("/api/conversations").await.expect(200);
}
