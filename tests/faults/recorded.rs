//! A recorded command is never answered as if it were not: a caller who loses the conversation
//! before the answer is made, or before they repeat the command, is told that it is done, and no
//! more.

use domain::conversation::{Command, Conversation};
use domain::{ConversationId, UserId};
use event_store::testing::context;
use futures::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{Executor, PgPool};

use crate::chatwoot::desk;
use crate::harness::{Caller, Installation, Server, send, wait_until};
use crate::pulse::MEDIA_TYPE;

/// A command that changes a conversation of its own.
struct Act {
    caller: Caller,
    method: Method,
    path: String,
    body: Value,
    media_type: &'static str,
}

impl Act {
    /// With a JSON body.
    fn new(caller: &Caller, method: Method, path: String, body: Value) -> Self {
        let caller = caller.clone();
        Self { caller, method, path, body, media_type: "application/json" }
    }

    /// With a JSON:API resource.
    fn of_resource(caller: &Caller, method: Method, path: String, data: Value) -> Self {
        let document = json!({ "data": data });
        Self { media_type: MEDIA_TYPE, ..Self::new(caller, method, path, document) }
    }

    fn request(&self) -> RequestBuilder {
        let request = self.caller.request(self.method.clone(), &self.path);
        let request = request.header("Content-Type", self.media_type).body(self.body.to_string());
        request.header("Idempotency-Key", &self.path).header("X-Request-Id", "act")
    }
}

/// The conversations, in the order of their creation.
async fn conversations(pool: &PgPool) -> Vec<ConversationId> {
    let made = "select conversation_id from events
                where event_type in ('ConversationCreated', 'SupportConversationCreated')
                order by position";
    sqlx::query_scalar(made).fetch_all(pool).await.unwrap()
}

async fn weavy(ann: &Caller, bob: &Caller) -> Vec<Act> {
    let mut numbers = Vec::new();
    for _ in 0..6 {
        numbers.push(bob.create(json!(["ann", "cat"])).await["id"].clone());
    }
    let [pin, post, change, subscribe, trash, add] = &numbers[..] else { unreachable!() };
    let of = |method, path, body| Act::new(ann, method, path, body);
    vec![
        of(Method::PUT, format!("/api/conversations/{pin}/pin"), json!({})),
        of(Method::POST, format!("/api/apps/{post}/messages"), json!({ "text": "hi" })),
        of(Method::PATCH, format!("/api/apps/{change}"), json!({ "name": "Other" })),
        of(Method::POST, format!("/api/apps/{subscribe}/unsubscribe"), json!({})),
        of(Method::POST, format!("/api/apps/{trash}/trash"), json!({})),
        of(Method::POST, format!("/api/apps/{add}/members"), json!(["dan"])),
    ]
}

async fn protocol(ann: &Caller, bob: &Caller) -> Vec<Act> {
    let mut ids = Vec::new();
    for _ in 0..4 {
        let group = json!({ "name": "Team", "contacts": ["ann"] });
        let made = bob.post("/v1/groups", group).await.expect(201);
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let of = |method, path, body| Act::new(ann, method, path, body);
    let [mute, read, group, post] = &ids[..] else { unreachable!() };
    let message = json!({ "conversation_id": post, "message": "hi" });
    vec![
        of(Method::PUT, format!("/v1/conversations/{mute}"), json!({ "is_muted": true })),
        of(Method::POST, format!("/v1/conversations/{read}/read"), json!({})),
        of(Method::PUT, format!("/v1/groups/{group}"), json!({ "name": "Other" })),
        of(Method::POST, "/v1/messages".to_owned(), message),
    ]
}

async fn pulse(ann: &Caller, bob: &Caller, dan: &str, pool: &PgPool) -> Vec<Act> {
    let before = conversations(pool).await.len();
    for _ in 0..4 {
        bob.create(json!(["ann", "cat"])).await;
    }
    let chats = &conversations(pool).await[before..];
    let [post, read, rename, add] = chats else { unreachable!() };
    let of = |method, path, data| Act::of_resource(ann, method, path, data);
    let path = |chat: &ConversationId, rest: &str| format!("/api/v1/chats/{chat}{rest}");
    let message = json!({ "type": "message", "attributes": { "content": "hi" } });
    let bookmark = json!({ "type": "chat_bookmark", "attributes": {} });
    let name = json!({ "type": "chat", "id": rename, "attributes": { "subject": "Other" } });
    let attributes = json!({ "chat_id": add, "user_id": dan });
    let membership = json!({ "type": "chat_membership", "attributes": attributes });
    vec![
        of(Method::POST, path(post, "/messages"), message),
        of(Method::POST, path(read, "/bookmark"), bookmark),
        of(Method::PATCH, path(rename, ""), name),
        of(Method::POST, "/api/v1/chat_memberships".to_owned(), membership),
    ]
}

async fn chatwoot(server: &Server) -> Vec<Act> {
    let host = server.key();
    let inbox = desk::inbox(&host, "front desk").await;
    let contact = host.post(&desk::path("/contacts"), json!({ "name": "Ana" })).await.expect(200);
    let contact = &contact["payload"]["contact"];
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(desk::conversation(&host, &inbox, contact).await["id"].clone());
    }
    let [toggle, label, post, update, attributes] = &ids[..] else { unreachable!() };
    let of = |method, id: &Value, rest: &str, body| {
        Act::new(&host, method, desk::path(&format!("/conversations/{id}{rest}")), body)
    };
    let custom = json!({ "custom_attributes": { "plan": "premium" } });
    vec![
        of(Method::POST, toggle, "/toggle_status", json!({ "status": "resolved" })),
        of(Method::POST, label, "/labels", json!({ "labels": ["billing"] })),
        of(Method::POST, post, "/messages", json!({ "content": "hi" })),
        of(Method::PATCH, update, "", json!({ "priority": "high" })),
        of(Method::POST, attributes, "/custom_attributes", custom),
    ]
}

async fn recorded(pool: &PgPool) -> i64 {
    let count = "select count(distinct aggregate_id) from events
                 where metadata ->> 'request_id' = 'act'";
    sqlx::query_scalar(count).fetch_one(pool).await.unwrap()
}

async fn head(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select position from log_head").fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_loses_the_conversation_before_the_answer_is_told_that_it_is_done() {
    let installation = Installation::new().await;
    let server = installation.start();
    let pool = installation.pool().await;
    let [ann, bob, cat, dan] = ["ann", "bob", "cat", "dan"].map(|uid| server.caller(uid));
    for caller in [&ann, &bob, &cat, &dan] {
        caller.arrive().await;
    }
    let dan = crate::pulse::user(&ann, "dan").await;
    let mut acts = weavy(&ann, &bob).await;
    acts.extend(protocol(&ann, &bob).await);
    acts.extend(pulse(&ann, &bob, &dan, &pool).await);
    let support_from = acts.len();
    acts.extend(chatwoot(&server).await);
    let conversations = conversations(&pool).await;
    assert_eq!(conversations.len(), acts.len());

    let user: UserId = crate::pulse::user(&ann, "ann").await.parse().map(UserId::new).unwrap();
    let commands = installation.commands().await;

    // Nothing that they do is shown before they have lost it, which has to be soon: commands wait
    // for ten seconds.
    let mut held = pool.begin().await.unwrap();
    held.execute("select from checkpoints for update").await.unwrap();
    let answers: Vec<_> = acts.iter().map(|act| tokio::spawn(send(act.request()))).collect();
    wait_until("all is recorded", async || recorded(&pool).await == acts.len() as i64).await;
    let losing = conversations.iter().enumerate().map(async |(n, conversation)| {
        let lose = match n % 3 {
            _ if n >= support_from => Command::DeleteConversation,
            0 => Command::RemoveMember { user },
            1 => Command::DeleteConversation,
            _ => Command::TrashConversation,
        };
        commands.execute::<Conversation>(*conversation, lose, &context("host")).await.unwrap();
    });
    join_all(losing).await;
    held.rollback().await.unwrap();
    for (act, answer) in acts.iter().zip(join_all(answers).await) {
        let answer = answer.unwrap();
        assert!(answer.status.is_success(), "{}: {} {}", act.path, answer.status, answer.body);
    }

    let before = head(&pool).await;
    for act in &acts {
        let again = send(act.request()).await;
        let seen = (again.status.as_u16(), &again.body);
        let no_body = json!("");
        // Weavy's answer to a change of members has no body anyway.
        let is_done = [(204, &no_body), (200, &no_body)].contains(&seen);
        // A trashed conversation is shown to the user who trashed it.
        let is_trashed = seen.1["is_trashed"] == true;
        assert!(is_done || is_trashed, "{}: {seen:?}", act.path);
    }
    assert_eq!(before, head(&pool).await, "nothing was done again");
}
