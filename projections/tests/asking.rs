//! Queries share the connections, and end when their caller is gone.

use std::time::Duration;

use domain::AccountId;
use futures::FutureExt;
use sqlx::PgPool;
use tokio::task::JoinSet;

use super::world::{for_reading, pool};
use crate::memory::Loader;
use crate::readers::Readers;
use crate::{Error, Generation, Progress};

fn readers(pool: PgPool) -> Readers {
    Readers::new(pool.clone(), Progress::new(pool, Generation::live()))
}

async fn sleep(readers: Readers) {
    let _ = sqlx::query("select pg_sleep(60)").execute(&readers).await;
}

async fn wait_until_asleep(pool: &PgPool, statements: i64) {
    loop {
        let asleep: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and state = 'active'
               and query = 'select pg_sleep(60)'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if asleep == statements {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_nobody_waits_for_is_ended_and_leaves_its_place() {
    let pool = pool().await;
    let readers = readers(for_reading(&pool, 1));
    let mut asking = JoinSet::new();
    asking.spawn(sleep(readers.clone()));
    wait_until_asleep(&pool, 1).await;
    asking.shutdown().await;
    let ended = async {
        sqlx::query("select 1").execute(&readers).await.unwrap();
        wait_until_asleep(&pool, 0).await;
    };
    // Well below the statement timeout of 5 s.
    tokio::time::timeout(Duration::from_secs(3), ended).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_connection_gets_the_next_that_is_ready() {
    let readers = readers(for_reading(&pool().await, 2));
    let asking = (0..50).map(|_| sqlx::query("select pg_sleep(0.01)").execute(&readers));
    let answered = futures::future::try_join_all(asking);
    tokio::time::timeout(Duration::from_secs(5), answered).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_takes_no_more_than_half_of_the_connections() {
    let pool = pool().await;
    let readers = readers(for_reading(&pool, 4));
    let mut asking = JoinSet::new();
    for _ in 0..8 {
        asking.spawn(sleep(readers.of_account(AccountId::FIRST)));
    }
    wait_until_asleep(&pool, 2).await;
    let other = readers.of_account(AccountId::new(2));
    for _ in 0..4 {
        sqlx::query("select 1").execute(&other).await.unwrap();
    }
    wait_until_asleep(&pool, 2).await;

    let waiting = readers.of_account(AccountId::FIRST);
    assert!(sqlx::query("select 1").execute(&waiting).now_or_never().is_none());
    asking.shutdown().await;
    sqlx::query("select 1").execute(&waiting).await.unwrap();
}

/// Reads three megabytes, which makes a large answer.
async fn read_much(readers: &Readers) -> Result<Vec<String>, Error> {
    let statement = || async {
        let much = "select repeat('x', 100000) from generate_series(1, 30)";
        sqlx::query_scalar(much).fetch_all(readers).await
    };
    readers.ask("read much", statement).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_large_answers_an_account_has_two_and_the_next_one_waits_without_a_connection() {
    let readers = readers(for_reading(&pool().await, 2));
    let answers = [readers.of_account(AccountId::FIRST), readers.of_account(AccountId::FIRST)];
    for answer in &answers {
        read_much(answer).await.unwrap();
        // Once it has its slot, it may go on reading, up to the limit of any answer.
        read_much(answer).await.unwrap();
    }
    let third = readers.of_account(AccountId::FIRST);
    let mut waiting = Box::pin(read_much(&third));
    assert!(tokio::time::timeout(Duration::from_millis(500), &mut waiting).await.is_err());
    sqlx::query("select 1").execute(&readers.of_account(AccountId::FIRST)).await.unwrap();
    read_much(&readers.of_account(AccountId::new(2))).await.unwrap();

    drop(answers);
    assert_eq!(waiting.await.unwrap().len(), 30);
    let fourth = readers.of_account(AccountId::FIRST);
    read_much(&fourth).await.unwrap();
    let refused = read_much(&readers.of_account(AccountId::FIRST)).await;
    assert!(matches!(refused, Err(Error::TooManyLargeAnswers)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_larger_than_any_may_be_is_given_up_and_leaves_its_place() {
    let readers = readers(for_reading(&pool().await, 2));
    for _ in 0..3 {
        let answer = readers.of_account(AccountId::FIRST);
        let refused = answer.ask("read too much", || async {
            let much = "select repeat('x', 1000000) from generate_series(1, 100)";
            sqlx::query_scalar::<_, String>(much).fetch_all(&answer).await
        });
        let refused = refused.await;
        assert!(matches!(refused, Err(Error::AnswerTooLarge)), "{refused:?}");
    }
    read_much(&readers.of_account(AccountId::FIRST)).await.unwrap();
}

#[tokio::test]
async fn what_is_too_large_to_be_read_together_is_read_alone_and_makes_a_large_answer() {
    let readers = readers(for_reading(&pool().await, 4));
    let loader = Loader::new("read much", 10, |readers, keys: Vec<i32>| {
        let much = "select key, repeat('x', 1000000) from unnest($1::int[]) key";
        let read = async move {
            let rows: Vec<(i32, String)> =
                sqlx::query_as(much).bind(keys).fetch_all(&readers).await?;
            Ok(rows.into_iter().collect())
        };
        read.boxed()
    });
    for (keys, is_large) in [(vec![1], false), (vec![1, 2, 3], true)] {
        let answer = readers.of_account(AccountId::FIRST);
        assert_eq!(loader.load(&answer, keys.clone()).await.unwrap().len(), keys.len());
        assert_eq!(answer.answer().map(|size| size.is_large()), Some(is_large));
    }
}
