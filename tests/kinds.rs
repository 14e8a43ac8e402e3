//! A kind of conversations that no surface knows is in none of their lists, totals, badges and
//! searches, and is found by no id. The rows of the read models are changed to such a kind, as a
//! version with one more kind would write it; then everything is asked again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Installation, send};

/// The room as each dialect names it while its kind is known.
struct Named {
    /// Lists, each with a text that shows that the room is in it.
    lists: Vec<(&'static str, String)>,
    /// Paths that are found as long as the room is there.
    paths: Vec<String>,
    /// Commands on it.
    commands: Vec<(Method, String, Value)>,
}

fn first<'a>(list: &'a Value, property: &str) -> &'a str {
    list["data"][0][property].as_str().unwrap()
}

async fn named(ann: &Caller, room: &Value, message: i64) -> Named {
    let list = async |path: &str| ann.get(path).await.expect(200);
    let (on_protocol, on_pulse) = (list("/v1/conversations").await, list("/api/v1/chats").await);
    let (groups, memberships) = (list("/v1/groups").await, list("/api/v1/chat_memberships").await);
    let (conversation, chat) = (first(&on_protocol, "id"), first(&on_pulse, "id"));
    let of_protocol = format!("/v1/messages?conversation_id={conversation}");
    let of_pulse = format!("/api/v1/chats/{chat}/messages");
    let protocols = list(&of_protocol).await;
    let pulses = list(&of_pulse).await;
    let (room, name) = (&room["id"], "Hidden".to_owned());
    let messages = format!("/api/apps/{room}/messages");
    Named {
        lists: vec![
            ("/api/conversations?count=true", name.clone()),
            ("/api/conversations?unread=true", name.clone()),
            ("/api/conversations?q=Hidden", name.clone()),
            ("/api/conversations?order_by=name", name),
            ("/v1/conversations", conversation.to_owned()),
            ("/v1/groups", first(&groups, "id").to_owned()),
            ("/api/v1/chats", chat.to_owned()),
            ("/api/v1/chats?sort=subject", chat.to_owned()),
            ("/api/v1/chat_memberships", first(&memberships, "id").to_owned()),
            ("/api/v1/chat_memberships?include=chat", chat.to_owned()),
        ],
        paths: vec![
            format!("/api/conversations/{room}"),
            format!("{messages}?q=hidden"),
            messages.clone(),
            format!("/api/messages/{message}"),
            format!("/v1/conversations/{conversation}"),
            format!("/v1/groups/{}", first(&groups, "id")),
            format!("/v1/messages/{}", first(&protocols, "id")),
            of_protocol,
            format!("/api/v1/chats/{chat}"),
            format!("{of_pulse}/{}", first(&pulses, "id")),
            of_pulse,
            format!("/api/v1/chat_memberships/{}", first(&memberships, "id")),
        ],
        commands: vec![
            (Method::PUT, format!("/api/conversations/{room}/mark"), json!({})),
            (Method::POST, messages, json!({ "text": "Hello?" })),
            (Method::POST, format!("/v1/conversations/{conversation}/read"), json!({})),
            (Method::DELETE, format!("/v1/conversations/{conversation}"), json!({})),
        ],
    }
}

/// The number of rooms in Weavy's list, in its badge, and in Pulse's list.
async fn counts(ann: &Caller) -> [i64; 3] {
    let list = ann.get("/api/conversations?count_only=true").await.expect(200);
    let badge = ann.get("/api/conversations/badge").await.expect(200);
    let chats = ann.get("/api/v1/chats").await.expect(200);
    [&list["count"], &badge["rooms"], &chats["meta"]["total"]].map(|count| count.as_i64().unwrap())
}

#[tokio::test]
async fn a_kind_that_no_surface_knows_is_nowhere() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    server.caller("cat").arrive().await;
    let room = json!({ "members": ["bob", "cat"], "name": "Hidden" });
    let hidden = ann.post("/api/conversations", room).await.expect(201);
    let message = bob.say(&hidden, "hidden words").await;
    let named = named(&ann, &hidden, message).await;
    let room = json!({ "members": ["bob", "cat"], "name": "Plain" });
    let plain = ann.post("/api/conversations", room).await.expect(201);
    bob.say(&plain, "plain words").await;
    for (path, what) in &named.lists {
        let listed = ann.get(path).await.expect(200).to_string();
        assert!(listed.contains(what), "{path}: {listed}");
    }
    for path in &named.paths {
        ann.get(path).await.expect(200);
    }
    assert_eq!(counts(&ann).await, [2, 2, 2]);
    drop(server);

    let pool = installation.pool().await;
    for statement in [
        "update memberships m set kind = 3
         from conversations c where c.uuid = m.conversation and c.name = 'Hidden'",
        "update members m set kind = 'ticket'
         from conversations c where c.uuid = m.conversation and c.name = 'Hidden'",
        "update conversations set kind = 'ticket' where name = 'Hidden'",
    ] {
        let changed = sqlx::query(statement).execute(&pool).await.unwrap().rows_affected();
        assert!(changed > 0, "{statement}");
    }

    let server = installation.start();
    let ann = server.caller("ann");
    for (path, what) in &named.lists {
        let listed = ann.get(path).await.expect(200).to_string();
        assert!(!listed.contains(what), "{path}: {listed}");
    }
    assert_eq!(counts(&ann).await, [1, 1, 1]);
    for path in &named.paths {
        ann.get(path).await.expect(404);
    }
    for (method, path, body) in named.commands {
        send(ann.request(method, &path).json(&body)).await.expect(404);
    }
    let found = ann.get(&format!("/api/conversations/{}", plain["id"])).await.expect(200);
    assert_eq!(found["name"], "Plain");
}
