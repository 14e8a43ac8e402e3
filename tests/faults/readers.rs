//! Clients that send requests and do not read the answers.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Caller, Installation, wait_until};

const PEAK_MAX: u64 = 400 * 1024 * 1024;
const TEXT_LENGTH: usize = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_that_read_nothing_of_what_they_asked_for_keep_nobody_waiting() {
    let installation = Installation::new().await;
    let server = installation.start();
    let users: Vec<Caller> = (0..10).map(|n| server.caller(&format!("user{n}"))).collect();
    let (bob, auditor) = (server.caller("bob"), server.caller_with("eve", 1, "administrator"));
    let other = server.caller_with("dan", 2, "member");
    for user in users.iter().chain([&bob, &other]) {
        user.arrive().await;
    }
    server.caller_with("fay", 2, "member").arrive().await;
    let others = other.create(json!(["fay"])).await;
    let chat = users[0].create(json!(["bob"])).await;
    let messages = format!("/api/apps/{}/messages?top=100", chat["id"]);
    for _ in 0..12 {
        users[0].say(&chat, &"x".repeat(TEXT_LENGTH)).await;
    }
    let pool = installation.pool().await;
    let conversation: uuid::Uuid = sqlx::query_scalar(
        "select conversation_id from events where event_type = 'ConversationCreated'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let trail = format!("/audit/conversations/{conversation}/events");

    let mut unread = Vec::new();
    for n in 0..50 {
        unread.push(server.begin(&users[0], "GET", "/openapi.json", "\r\n").await);
        unread.push(server.begin(&users[0], "GET", &messages, "\r\n").await);
        unread.push(server.begin(&auditor, "GET", &trail, "\r\n").await);
        unread.push(server.begin(&users[n % users.len()], "GET", "/events", "\r\n").await);
    }
    // The listeners are sent something all the time.
    wait_until("those who listen are there", async || {
        server.log().matches("/events").count() >= 50
    })
    .await;
    // Callers of the same account are answered, too, once large answers are refused for lack of
    // room.
    for (caller, chat, within_s) in [(&other, &others, 4), (&bob, &chat, 10)] {
        for n in 0..10 {
            let answered = async {
                caller.say(chat, &format!("{n}")).await;
                caller.get("/api/conversations").await.expect(200);
            };
            let within = Duration::from_secs(within_s);
            tokio::time::timeout(within, answered).await.expect("an answer");
        }
    }
    let peak = server.peak_memory();
    assert!(peak < PEAK_MAX, "{} MiB", peak / 1024 / 1024);
    drop(unread);
}
