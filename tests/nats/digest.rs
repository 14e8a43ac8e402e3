//! `examples/unread_digest.rs` is killed a hundred times, and its counts are right each time.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use domain::conversation::Command::{AddMember, PostMessage};
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Installation, wait_until};

const KILLS: u64 = 100;

/// The example as it runs; killed when dropped.
struct Digest(Child);

impl Drop for Digest {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(installation: &Installation) -> Digest {
    // target/debug/deps/<this test>
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/unread_digest");
    let mut command = Command::new(program);
    command.env("NATS_URL", &installation.nats_url);
    command.env("DIGEST_DATABASE_URL", &installation.database_url);
    command.env("COLLOQUY_NATS_STREAM", &installation.stream);
    Digest(command.stderr(Stdio::null()).spawn().unwrap())
}

/// Its position, and its counts that differ from what the log says at that position.
async fn look(pool: &PgPool) -> (i64, Vec<(String, i64, i64)>) {
    let mut snapshot = pool.begin().await.unwrap();
    sqlx::query("set transaction isolation level repeatable read")
        .execute(&mut *snapshot)
        .await
        .unwrap();
    let position: i64 = sqlx::query_scalar("select position from unread_digest.position")
        .fetch_one(&mut *snapshot)
        .await
        .unwrap();
    let wrong = sqlx::query_as(
        "select u.uid, u.unread, c.expected
         from unread_digest.unread u
         cross join lateral (
             select count(*) as expected
             from events m
             where m.conversation_id = u.conversation
               and m.event_type = 'MessagePosted'
               and m.payload ->> 'author' <> u.user_id::text
               and m.position <= $1
               and m.position > (
                   select max(j.position)
                   from events j
                   where j.conversation_id = u.conversation
                     and j.position <= $1
                     and (j.event_type in ('MemberAdded', 'MarkedRead')
                              and j.payload ->> 'user' = u.user_id::text
                          or j.event_type = 'ConversationCreated')
               )
         ) c
         where u.unread <> c.expected",
    )
    .bind(position)
    .fetch_all(&mut *snapshot)
    .await
    .unwrap();
    (position, wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_killed_a_hundred_times_counts_everything_once() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    for user in [&ann, &bob, &server.caller("cat"), &server.caller("dora")] {
        user.arrive().await;
    }
    let room = ann.create(json!(["bob", "dora"])).await;
    let mark = format!("/api/conversations/{}/mark", room["id"]);
    let pool = installation.pool().await;
    let room: domain::ConversationId = sqlx::query_scalar(
        "select conversation_id from events where event_type = 'ConversationCreated'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let [ann_id, cat_id] = ["ann", "cat"].map(|uid| domain::user_id(domain::AccountId::FIRST, uid));
    let commands = installation.commands().await;
    let context = event_store::testing::context("ann");
    let tell = async |command| {
        let told = commands.execute::<domain::conversation::Conversation>(room, command, &context);
        told.await.unwrap().position
    };
    let say = async |n: u64| {
        tell(PostMessage {
            message: uuid::Uuid::new_v4().into(),
            author: ann_id,
            text: format!("message {n}").as_str().into(),
            metadata: None,
            tags: vec![],
        })
        .await
    };
    let client = async_nats::connect(&installation.nats_url).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    crate::faults::wait_for_stream(&jetstream, &installation.stream, 4).await;
    let mut digest = start(&installation);
    wait_until("it has made its tables", async || {
        let made = "select to_regclass('unread_digest.unread') is not null";
        sqlx::query_scalar(made).fetch_one(&pool).await.unwrap()
    })
    .await;
    let (mut positions, mut reached) = (Vec::new(), 0);
    for n in 0..KILLS {
        for m in 0..3 {
            say(3 * n + m).await;
        }
        match n {
            30 => _ = tell(AddMember { user: cat_id }).await,
            60 => _ = bob.put(&mark).await.expect(200),
            _ => {}
        }
        // Killed at any time from before it has connected to after it has counted all; every fourth
        // time only after some progress.
        tokio::time::sleep(Duration::from_millis(n * 37 % 120)).await;
        if n % 4 == 0 {
            wait_until("it gets on", async || look(&pool).await.0 > reached).await;
        }
        drop(digest);
        let (position, wrong) = look(&pool).await;
        assert_eq!(wrong, [], "at position {position}");
        assert!(position >= reached);
        reached = position;
        positions.push(position);
        digest = start(&installation);
    }
    let head = say(3 * KILLS).await.get();
    wait_until("it has read all", async || look(&pool).await.0 == head).await;
    drop(digest);
    assert_eq!(look(&pool).await.1, []);
    positions.dedup();
    assert!(positions.len() > 10, "it was killed at many places: {positions:?}");
    let counted: Vec<(String, i64)> =
        sqlx::query_as("select uid, unread from unread_digest.unread order by uid")
            .fetch_all(&pool)
            .await
            .unwrap();
    let uids: Vec<_> = counted.iter().map(|(uid, _)| uid.as_str()).collect();
    assert_eq!(uids, ["ann", "bob", "cat", "dora"]);
    // Only Ann has posted. Bob has read until run 60, Cat was added in run 30, Dora has read
    // nothing.
    let unread: Vec<_> = counted.iter().map(|(_, unread)| *unread).collect();
    assert_eq!((unread[0], unread[3]), (0, 3 * KILLS as i64 + 1));
    assert!(0 < unread[1] && unread[1] < unread[2] && unread[2] < unread[3], "{unread:?}");
}
