//! However long the texts of a log are, building read models takes no more memory than allowed.

use serde_json::json;

use crate::harness::Installation;

const MIB: u64 = 1 << 20;

/// A room with 8 MB of messages, unencrypted: encrypting them would take longer than the rest of
/// the test.
async fn append_long_texts(installation: &Installation) {
    let server = installation.start();
    server.caller("bob").arrive().await;
    server.caller("ann").create(json!(["bob"])).await;
    assert_eq!(server.interrupt(), Some(0));
    sqlx::query(
        "select append_events(null, array[1::bigint], array[1], array[''],
             array[null]::text[], array[null]::bytea[], array[1], array['conversation'],
             array[room], array[1::bigint], array[null]::bytea[],
             array_agg(1), array_agg(message), array_agg('MessagePosted'::text),
             array_agg('1'::text),
             array_agg(format('{\"type\":\"MessagePosted\",\"message\":\"%s\",\"author\":\"%s\",
                               \"text\":{\"$private\":\"%s\"}}',
                              message, author, repeat('x', 20000))),
             array_agg('{}'::text), array_agg(room::uuid), array_agg(null::bytea),
             array_agg(null::uuid), array_agg(null::text))
         from (select e.aggregate_id as room, u.aggregate_id as author, gen_random_uuid() as message
               from events e, events u, generate_series(1, 400)
               where e.event_type = 'ConversationCreated' and u.position = 1) messages
         group by room",
    )
    .execute(&installation.pool().await)
    .await
    .unwrap();
}

/// Compared with what the program itself takes, measured with next to nothing to build. If it may
/// use more memory, the same log takes more: the log is long enough for the test to tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_takes_the_memory_that_it_is_given() {
    let installation = Installation::new().await;
    let peak = async |memory: &str| {
        let rebuild = ["replay", "projection", "--all", "--anew", "--memory", memory];
        installation.peak_memory(&rebuild).await / MIB
    };
    let base = peak("16").await;
    append_long_texts(&installation).await;
    let (little, much) = (peak("16").await, peak("1024").await);
    assert!(little < base + 16, "{little} MiB, of which {base} are the program");
    assert!(much > base + 16, "{much} MiB, of which {base} are the program");
}
