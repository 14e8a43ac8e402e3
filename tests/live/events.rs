use std::time::{Duration, Instant};

use api::token::{Claims, Role, Rules};
use domain::conversation::Command;
use domain::{AccountId, ConversationId};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::harness::{Caller, Installation, SECRET, Server, send};

fn id_of(data: &Value) -> ConversationId {
    data["conversation"].as_str().unwrap().parse().unwrap()
}

async fn arrive(server: &Server, uids: &[&str]) -> Vec<Caller> {
    let mut callers = Vec::new();
    for uid in uids {
        let caller = server.caller(uid);
        caller.arrive().await;
        callers.push(caller);
    }
    callers
}

#[tokio::test]
async fn members_are_told_what_happens_and_nobody_else_is() {
    let server = Server::fresh().await;
    let callers = arrive(&server, &["ann", "bob", "cyd"]).await;
    let [ann, bob, cyd] = [&callers[0], &callers[1], &callers[2]];
    let stranger = server.caller_with("ann", 2, "member");
    stranger.arrive().await;
    let [mut anns, mut bobs, mut cyds] =
        [ann.listen().await, bob.listen().await, cyd.listen().await];
    let (mut strangers, mut hosts) = (stranger.listen().await, server.key().listen().await);

    let chat = ann.create(json!(["bob"])).await;
    let message = ann.say(&chat, "hello\n\"Bob\"").await;
    let path = format!("/api/conversations/{}", chat["id"]);
    bob.put(&format!("{path}/mark")).await.expect(200);
    bob.put(&format!("{path}/pin")).await.expect(200);
    bob.delete(&format!("{path}/pin")).await.expect(200);
    ann.create(json!(["bob", "cyd"])).await;
    stranger.arrive().await;

    let of_ann = anns.up_to("ConversationCreated").await;
    assert_eq!(of_ann.len(), 1);
    let created = &of_ann[0];
    assert_eq!(created.id, chat["id"].as_i64());
    assert_eq!(created.data["conversation_number"], chat["id"]);
    assert_eq!(created.data["actor"], "ann");
    let user = domain::user_id(AccountId::FIRST, "bob").to_string();
    assert_eq!(created.data["users"][&user], "bob");
    assert!(created.data["payload"]["members"].as_array().unwrap().contains(&json!(user)));

    let of_ann = anns.up_to("ConversationCreated").await;
    let posted = &of_ann[0];
    assert_eq!(
        (posted.id, &posted.data["payload"]["text"]),
        (Some(message), &json!("hello\n\"Bob\""))
    );
    assert_eq!(posted.data["conversation"], created.data["conversation"]);
    assert!(posted.data["time"].as_str().unwrap().ends_with('Z'), "{:?}", posted.data);
    let types: Vec<_> = of_ann.iter().map(|told| told.data["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["MessagePosted", "MarkedRead", "ConversationCreated"]);
    assert_eq!(of_ann[1].data["payload"]["message"], message);

    bobs.up_to("ConversationCreated").await;
    let of_bob = bobs.types_up_to("ConversationCreated").await;
    let own = ["ConversationPinned", "ConversationUnpinned", "ConversationCreated"];
    assert_eq!(of_bob[2..], own.map(str::to_owned));
    assert_eq!(cyds.types_up_to("ConversationCreated").await.len(), 1);
    hosts.up_to("ConversationCreated").await;
    assert_eq!(hosts.types_up_to("ConversationCreated").await, types);

    let key = server.caller_with("host", 2, "service");
    key.put_json("/api/users/ann", json!({"name": "Anne"})).await.expect(200);
    let told = strangers.up_to("UserUpdated").await;
    assert_eq!((told.len(), &told[0].data["payload"]["name"]), (1, &json!("Anne")));
}

#[tokio::test]
async fn a_removed_member_is_told_so_and_nothing_more() {
    let installation = Installation::new().await;
    let server = installation.start();
    let callers = arrive(&server, &["ann", "bob", "cyd"]).await;
    let (ann, bob) = (&callers[0], &callers[1]);
    let mut bobs = bob.listen().await;
    let room = ann.room(&["bob", "cyd"]).await;
    let created = bobs.up_to("ConversationCreated").await;
    let user = domain::user_id(AccountId::FIRST, "bob");
    let uuid = id_of(&created[0].data);
    installation.tell(uuid, Command::RemoveMember { user }).await;
    ann.say(&room, "he is gone").await;
    ann.create(json!(["bob"])).await;
    let types = bobs.types_up_to("ConversationCreated").await;
    assert_eq!(types, ["MemberRemoved", "ConversationCreated"]);

    installation.tell(uuid, Command::AddMember { user }).await;
    ann.say(&room, "he is back").await;
    assert_eq!(bobs.types_up_to("MessagePosted").await, ["MemberAdded", "MessagePosted"]);
    server.caller("ann").delete(&format!("/api/apps/{}", room["id"])).await.expect(204);
    assert_eq!(bobs.types_up_to("ConversationDeleted").await, ["ConversationDeleted"]);
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let installation = Installation::new().await;
    let server = installation.start_with(&["--jwt-leeway-s", "0"]);
    let now = chrono::Utc::now().timestamp();
    let claims = Claims {
        sub: "ann".to_owned(),
        exp: (now + 3) as f64,
        iat: None,
        name: None,
        account: AccountId::FIRST,
        role: Role::Member,
    };
    let token = api::token::issue(SECRET, &claims, &Rules::default()).unwrap();
    let mut anns = server.caller("ann").with_token(&token).listen().await;
    anns.ended().await;
    assert!(chrono::Utc::now().timestamp() >= now + 3);
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked_on_every_node() {
    let installation = Installation::new().await;
    let nodes = [installation.start(), installation.start()];
    let (ann, bob) = (nodes[0].caller("ann"), nodes[0].caller("bob"));
    ann.arrive().await;
    bob.arrive().await;
    let mut streams = Vec::new();
    for node in &nodes {
        streams.push(node.caller("ann").listen().await);
    }
    let mut bobs = nodes[1].caller("bob").listen().await;
    nodes[0].key().delete("/api/users/ann/tokens").await.expect(204);
    for stream in &mut streams {
        stream.ended().await;
    }
    ann.get("/events").await.expect(401);
    bob.create(json!(["ann"])).await;
    bobs.up_to("ConversationCreated").await;
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_its_streams_at_once() {
    let server = Server::fresh().await;
    let mut streams = Vec::new();
    for uid in ["ann", "bob"] {
        streams.push(server.caller(uid).listen().await);
    }
    let asked = Instant::now();
    server.ask_to_stop();
    for stream in &mut streams {
        stream.ended().await;
    }
    assert_eq!(server.ended(), Some(0));
    assert!(asked.elapsed().as_secs() < 15, "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_stream_lives_longer_than_a_request_may_take() {
    let installation = Installation::new().await;
    let server = installation.start_with(&["--request-timeout-s", "1"]);
    let ann = server.caller("ann");
    server.caller("bob").arrive().await;
    let mut anns = ann.listen().await;
    let opened = Instant::now();
    while opened.elapsed().as_millis() < 1500 {
        ann.arrive().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ann.create(json!(["bob"])).await;
    anns.up_to("ConversationCreated").await;
}

#[tokio::test]
async fn only_who_has_a_token_listens() {
    let server = Server::fresh().await;
    let client = reqwest::Client::new();
    let none = send(client.get(format!("{}/events", server.url))).await;
    assert!(none.headers.contains_key("www-authenticate"));
    assert!(none.expect(401)["error"].is_string());
    send(server.caller("ann").request(Method::POST, "/events")).await.expect(405);
    server.caller("ann").get("/events/x").await.expect(404);
}

/// A listener's memberships are read from the read models, and followed in the log from there on.
#[tokio::test]
async fn what_was_told_before_the_read_models_showed_it_is_not_lost_to_who_begins_to_listen() {
    let installation = Installation::new().await;
    let server = installation.start();
    let callers = arrive(&server, &["ann", "bob", "cyd", "dan"]).await;
    let (ann, bob) = (&callers[0], &callers[1]);
    let mut anns = ann.listen().await;
    let room = ann.room(&["cyd", "dan"]).await;
    let uuid = id_of(&anns.up_to("ConversationCreated").await[0].data);
    let pool = installation.pool().await;
    let mut held = pool.begin().await.unwrap();
    held.execute("select from checkpoints for update").await.unwrap();
    let user = domain::user_id(AccountId::FIRST, "bob");
    installation.tell(uuid, Command::AddMember { user }).await;
    anns.up_to("MemberAdded").await;

    let mut listens = std::pin::pin!(bob.listen());
    // A listener that does not wait for the read models would have begun by then.
    let early = tokio::time::timeout(Duration::from_millis(500), &mut listens).await;
    held.rollback().await.unwrap();
    let mut bobs = match early {
        Ok(bobs) => bobs,
        Err(_) => listens.await,
    };
    ann.say(&room, "welcome").await;
    assert_eq!(bobs.types_up_to("MessagePosted").await.last().unwrap(), "MessagePosted");
}
