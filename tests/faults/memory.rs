//! What callers request and send at once takes a bounded amount of memory, and keeps no other
//! callers waiting.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::chatwoot::scene::{Scene, of};
use crate::harness::{Answer, Caller, Installation, Server, send, wait_until};

const MIB: u64 = 1024 * 1024;
/// Room for the idle server, a few large answers, and the caches.
const PEAK_MAX: u64 = 300 * MIB;

/// The path to a page of a chat's messages.
async fn page(caller: &Caller) -> String {
    let chat = caller.create(json!(["bob"])).await;
    join_all((0..MESSAGES).map(|_| caller.say(&chat, "short"))).await;
    format!("/api/apps/{}/messages?top=100", chat["id"])
}

const MESSAGES: usize = 30;

async fn get_soon(caller: &Caller, path: &str) -> Answer {
    send(caller.request(Method::GET, path).timeout(Duration::from_secs(10))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_ask_for_large_pages_and_do_not_read_them_the_others_are_answered() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    let eve = server.caller_with("eve", 2, "member");
    for user in [&bob, &server.caller_with("bob", 2, "member")] {
        user.arrive().await;
    }
    let (anns, eves) = (page(&ann).await, page(&eve).await);
    // 3 MB for each page: posting them would take longer than the rest of the test.
    sqlx::query("update messages set text = repeat('x', 100000)")
        .execute(&installation.pool().await)
        .await
        .unwrap();

    let mut unread = Vec::new();
    for _ in 0..60 {
        unread.push(server.begin(&ann, "GET", &anns, "\r\n").await);
    }
    // Two of the account's answers are being written once they had their turn; the others wait.
    wait_until("there is no room", async || ann.get(&anns).await.status == 503).await;
    let refused = ann.get(&anns).await;
    assert_eq!(refused.headers["retry-after"], "1");
    let why = "too many large answers are under way; try again later";
    assert_eq!(refused.expect(503)["detail"], why);
    get_soon(&bob, "/api/conversations").await.expect(200);
    let page = get_soon(&eve, &eves).await.expect(200);
    assert_eq!(page["data"].as_array().map(Vec::len), Some(MESSAGES));
    let peak = server.peak_memory();
    assert!(peak < PEAK_MAX, "{} MiB", peak / MIB);

    drop(unread);
    wait_until("there is room again", async || ann.get(&anns).await.status == 200).await;
}

/// A request may ask for a thousand messages, which may be half a gigabyte.
#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_too_large_an_answer_is_refused_and_can_be_had_in_parts() {
    let installation = Installation::new().await;
    let scene = Scene::on(&installation).await;
    let id = scene.conversation().await;
    scene.incoming(id, "short").await;
    let copies = "insert into support_messages
        select (jsonb_populate_record(m, jsonb_build_object(
                   'id', m.id + n, 'uuid', gen_random_uuid(), 'text', repeat('x', 1000000)))).*
        from support_messages m, generate_series(1, 90) n";
    let pool = installation.pool().await;
    // Nobody searches here, and indexing this much takes longer than the rest of the test.
    sqlx::query("drop index support_messages_by_part_of_text").execute(&pool).await.unwrap();
    sqlx::query(copies).execute(&pool).await.unwrap();
    let all = of(id, "/messages?after=1&before=1000000");
    let answers = join_all((0..20).map(|_| scene.host.get(&all))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    // Two are read at a time, and those that wait for too long are told to try again.
    assert!(statuses.contains(&400), "{statuses:?}");
    assert!(statuses.iter().all(|status| [400, 503].contains(status)), "{statuses:?}");
    let refused = answers.into_iter().find(|answer| answer.status == 400).unwrap();
    let why = "the answer is too large; ask for less at once";
    assert!(refused.body.to_string().contains(why), "{}", refused.body);
    let peak = scene.server.peak_memory();
    assert!(peak < 2 * PEAK_MAX, "{} MiB", peak / MIB);
    let part = scene.host.get(&of(id, "/messages")).await.expect(200);
    assert_eq!(part["payload"].as_array().map(Vec::len), Some(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_send_large_bodies_and_do_not_finish_them_the_others_are_answered() {
    const LENGTH: usize = 2 * 1024 * 1024;
    let server = Server::fresh().await;
    let users: Vec<Caller> = (0..8).map(|n| server.caller(&format!("ann{n}"))).collect();
    let eve = server.caller_with("eve", 2, "member");
    for user in [&server.caller("bob"), &server.caller_with("bob", 2, "member")] {
        user.arrive().await;
    }
    let (anns, eves) = (users[0].create(json!(["bob"])).await, eve.create(json!(["bob"])).await);
    let lengths = [format!("Content-Length: {LENGTH}"), "Transfer-Encoding: chunked".to_owned()];
    let mut sending = Vec::new();
    for n in 0..400 {
        let head = format!("Content-Type: application/json\r\n{}\r\n\r\n", lengths[n % 2]);
        let user = &users[n % users.len()];
        let mut connection = server.begin(user, "POST", "/api/conversations", &head).await;
        sending.push(tokio::spawn(async move {
            let size = LENGTH - 1000;
            let body = match n % 2 {
                0 => vec![b' '; size],
                _ => [format!("{size:x}\r\n").into_bytes(), vec![b' '; size]].concat(),
            };
            // The server takes only what it has room for.
            let _ = connection.write_all(&body).await;
            let mut answer = [0; 12];
            let _ = connection.read_exact(&mut answer).await;
            String::from_utf8_lossy(&answer).into_owned()
        }));
    }
    let large = |text: Value| json!({ "text": text, "metadata": { "x": "y".repeat(60_000) } });
    let say = async |caller: &Caller, chat: &Value, body: &Value| {
        let path = format!("/api/apps/{}/messages", chat["id"]);
        let request = caller.request(Method::POST, &path).json(body);
        send(request.timeout(Duration::from_secs(4))).await
    };
    say(&users[0], &anns, &json!({ "text": "small" })).await.expect(200);
    say(&eve, &eves, &large(json!("x".repeat(100_000)))).await.expect(200);
    wait_until("those for whom there is no room are refused", async || {
        sending.iter().filter(|one| one.is_finished()).count() > 300
    })
    .await;
    let peak = server.peak_memory();
    assert!(peak < PEAK_MAX, "{} MiB", peak / MIB);
    for one in sending {
        one.abort();
        if let Ok(answer) = one.await {
            assert_eq!(answer, "HTTP/1.1 503");
        }
    }
    wait_until("there is room again", async || {
        say(&users[0], &anns, &large(json!("x".repeat(100_000)))).await.status == 200
    })
    .await;
}
