use std::time::Duration;

use domain::Position;
use domain::conversation::{Conversation, Refusal};
use embedded::testing::Proxy;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Executor, PgPool};
use uuid::Uuid;

use super::{context, create, log, node, post, run};
use crate::{
    CommandError, ERASED, Error, Keys, KeysAlone, KeysInUse, Log, MasterKey, STILL_SEALED,
    Together, testing,
};

#[tokio::test]
async fn a_master_key_is_the_databases_once_and_for_all() {
    let (log, _) = log().await;
    let error = Keys::open(log.pool(), MasterKey::generate()).await.unwrap_err();
    assert!(matches!(error, Error::MasterKeyUnknown { .. }), "{error}");
}

#[tokio::test]
async fn without_a_master_key_the_log_can_be_read_but_not_what_is_sealed() {
    let (log, _) = log().await;
    run(&node(&log), Uuid::now_v7(), create()).await.unwrap();
    let id = Uuid::now_v7();
    run(&node(&log), id, create()).await.unwrap();
    run(&node(&log), id, post("a secret")).await.unwrap();
    let blind = Log::new(log.pool().clone(), Keys::none());
    let events = blind.read(Position::new(2), 1).await.unwrap();
    assert!(events[0].reveal().unwrap().contains(STILL_SEALED));
    let refused = run(&node(&blind), id, post("x")).await;
    assert!(matches!(refused, Err(CommandError::Store(Error::MasterKeyMissing))), "{refused:?}");
}

/// The database was restored to a time before the stream had its key, which this process has
/// cached.
#[tokio::test]
async fn what_is_appended_can_be_read_also_when_the_streams_key_was_lost() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    run(&commands, id, post("before")).await.unwrap();
    log.pool().execute("delete from event_keys; delete from stream_keys").await.unwrap();
    run(&commands, id, post("after")).await.unwrap();
    let blank = Log::new(log.pool().clone(), log.keys().clone());
    log.keys().forget(&format!("conversation/{id}"));
    let events = blank.read(Position::START, 10).await.unwrap();
    assert!(events[1].reveal().unwrap().contains(ERASED));
    assert!(events[2].reveal().unwrap().contains("after"));
}

#[tokio::test]
async fn a_lost_key_of_one_stream_is_made_anew_for_what_several_record_together() {
    let (log, _) = log().await;
    let commands = node(&log);
    let [kept, lost] = [(); 2].map(|()| Uuid::now_v7());
    for id in [kept, lost] {
        run(&commands, id, create()).await.unwrap();
        run(&commands, id, post("before")).await.unwrap();
    }
    sqlx::query("delete from stream_keys where aggregate_id = $1")
        .bind(lost.to_string())
        .execute(log.pool())
        .await
        .unwrap();
    let together = Together::<Refusal>::of::<Conversation>(kept.into(), vec![post("after")])
        .and::<Conversation>(lost.into(), vec![post("after")]);
    commands.execute_together(together, &context(None)).await.unwrap();
    let events = log.read(Position::new(4), 10).await.unwrap();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.reveal().unwrap().contains("after")));
}

#[tokio::test]
async fn a_requests_digest_depends_on_neither_node_nor_master_key_and_cannot_be_guessed() {
    let pool = PgPool::connect(&testing::database().await.url).await.unwrap();
    let (first, second) = (MasterKey::generate(), MasterKey::generate());
    let keys = Keys::open(&pool, first.clone()).await.unwrap();
    let digest = |keys: &Keys| keys.request_digest(&[b"POST", b"yes"]).unwrap();
    let noted = digest(&keys);
    assert_eq!(digest(&Keys::open(&pool, first).await.unwrap()), noted);
    while keys.rewrap(&pool, &second, 10).await.unwrap().found > 0 {}
    assert_eq!(digest(&Keys::open(&pool, second).await.unwrap()), noted);

    assert_ne!(keys.request_digest(&[b"POSTy", b"es"]).unwrap(), noted);
    let (elsewhere, _) = log().await;
    assert_ne!(digest(elsewhere.keys()), noted);
    assert!(matches!(Keys::none().request_digest(&[]), Err(Error::MasterKeyMissing)));
}

#[tokio::test]
async fn a_server_that_lost_its_connection_during_a_rotation_is_told_so() {
    let pool = PgPool::connect(&testing::database().await.url).await.unwrap();
    let keys = Keys::open(&pool, MasterKey::generate()).await.unwrap();
    let mut in_use = KeysInUse::begin(&pool).await.unwrap();
    in_use.check(&keys).await.unwrap();
    sqlx::query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where datname = current_database() and application_name like 'colloquy serve%'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let alone = KeysAlone::begin(&pool).await.unwrap();
    assert!(matches!(KeysInUse::begin(&pool).await, Err(Error::KeysRotating)));
    let to = MasterKey::generate();
    keys.rewrap(&pool, &to, 10).await.unwrap();
    drop(alone);
    let told = in_use.keep(&keys).await;
    assert!(matches!(told, Error::RotationUnfinished), "{told}");
}

#[tokio::test]
async fn a_server_whose_connection_was_dropped_without_a_word_still_keeps_the_keys() {
    let options: PgConnectOptions = testing::database().await.url.parse().unwrap();
    let proxy = Proxy::start(options.get_port()).await;
    let pool = PgPool::connect_with(options.clone()).await.unwrap();
    let keys = Keys::open(&pool, MasterKey::generate()).await.unwrap();
    let through_the_proxy = PgPool::connect_lazy_with(options.port(proxy.port));
    let mut in_use = KeysInUse::begin(&through_the_proxy).await.unwrap();
    in_use.check(&keys).await.unwrap();
    proxy.cut();
    // PostgreSQL does not know that the first connection is cut.
    let is_locked_again = async {
        let mut holders = 1_i64;
        while holders < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let locks = "select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid
                 where l.locktype = 'advisory' and l.granted
                   and a.datname = current_database()
                   and a.application_name like 'colloquy serve%'";
            holders = sqlx::query_scalar(locks).fetch_one(&pool).await.unwrap();
        }
    };
    tokio::select! {
        told = in_use.keep(&keys) => panic!("{told}"),
        () = is_locked_again => {}
        () = tokio::time::sleep(Duration::from_secs(30)) => panic!("the lock is not held again"),
    }
}
