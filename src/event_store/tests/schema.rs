use domain::user::{self, Profile, User};
use domain::{AccountId, ConversationId, Position};
use futures::StreamExt;
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use super::{context, count, create, log, node, run, run_in};
use crate::{Error, Transfer, Verifier, WithKeys, migrate};

#[tokio::test]
async fn the_database_refuses_to_change_the_log() {
    let (log, _) = log().await;
    run(&node(&log), Uuid::now_v7(), create()).await.unwrap();
    for statement in ["update events set payload = '{}'", "delete from events", "truncate events"] {
        let error = log.pool().execute(statement).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{statement}: {error}");
    }
    assert_eq!(count(log.pool()).await, 1);
}

/// Even with a generic plan and without up-to-date statistics.
#[tokio::test(flavor = "multi_thread")]
async fn the_tail_of_the_log_is_read_by_look_ups() {
    let (log, url) = log().await;
    let commands = node(&log);
    for n in 0..50_u128 {
        run(&commands, Uuid::from_u128(n + 10), create()).await.unwrap();
    }
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let select = crate::recorded::SELECT;
    let prepare = format!(
        "set plan_cache_mode = force_generic_plan;
         prepare tail (bigint, bigint) as {select} where e.position > $1
             order by e.position limit $2"
    );
    connection.execute(prepare.as_str()).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar("explain execute tail(49, 10)")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let plan = plan.join("\n");
    for index in
        ["events_one_per_position", "event_keys_one_per_event", "stream_keys_one_per_stream"]
    {
        assert!(plan.contains(&format!("using {index}")), "{plan}");
    }
    assert!(!plan.contains("Join") && !plan.contains("Seq Scan"), "{plan}");
}

#[tokio::test]
async fn a_database_of_another_version_is_refused() {
    let (log, _) = log().await;
    log.pool()
        .execute("update _sqlx_migrations set checksum = 'other', description = 'event log'")
        .await
        .unwrap();
    let error = migrate(log.pool()).await.unwrap_err();
    assert!(matches!(error, Error::OtherSchema(_)), "{error}");
    assert!(error.to_string().contains("another version of Colloquy"), "{error}");
}

#[tokio::test]
async fn an_append_digests_as_the_function_and_as_the_verifier_do() {
    let (log, _) = log().await;
    let commands = node(&log);
    run_in(&commands, AccountId::new(7), ConversationId::new(Uuid::now_v7()), create()).await;
    run_in(&commands, AccountId::new(7), ConversationId::new(Uuid::now_v7()), create()).await;
    let register =
        user::Command::RegisterUser { uid: "änn".to_owned(), profile: Profile::default() };
    commands
        .execute::<User>(domain::user_id(AccountId::FIRST, "änn"), register, &context(None))
        .await
        .unwrap();
    let differing: i64 = sqlx::query_scalar(
        "select count(*)
         from (select e.*, coalesce(lag(e.digest) over (order by e.position),
                                    decode(repeat('00', 32), 'hex')) as previous
               from events e) e
         where e.digest <> event_digest(
             e.previous, e.position, e.event_id, e.account_id, e.account_position,
             e.aggregate_type, e.aggregate_id, e.sequence, e.conversation_id, e.event_type,
             e.event_version, e.payload::text, e.metadata::text, microseconds(e.recorded_at))",
    )
    .fetch_one(log.pool())
    .await
    .unwrap();
    assert_eq!(differing, 0);
    let mut transfer = Transfer::begin(log.pool()).await.unwrap();
    let mut verifier = Verifier::default();
    let mut events =
        std::pin::pin!(transfer.events(Position::START, Position::new(10), WithKeys::No));
    while let Some(event) = events.next().await {
        verifier.check(&event.unwrap()).unwrap();
    }
    assert_eq!(verifier.position(), Position::new(3));
}
