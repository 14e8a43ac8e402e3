use std::fmt;
use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Log, causes};

/// Pause between two probes.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// A server that has answered neither such a small query nor anything else within this time is
/// frozen or out of reach.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(1500);

/// Keeps probing whether the log's database answers, takes writes and is still the same one, until
/// `stop` is cancelled.
pub async fn watch_database(log: Log, stop: CancellationToken) {
    let mut connection = None;
    let mut known = None;
    let mut silent_since = Instant::now();
    let watching = async {
        loop {
            let until = silent_since + ANSWER_TIMEOUT;
            let asked = tokio::time::timeout_at(until, ask(&mut connection, log.pool()));
            let mut why = None;
            let outage = match asked.await {
                Ok(Ok(answer)) => {
                    let known = known.get_or_insert_with(|| answer.identity.clone());
                    if *known != answer.identity {
                        let now = &answer.identity;
                        log.availability()
                            .fail_for_lost_time(format!("it was {known}, and is {now}"));
                    }
                    answer.is_read_only.then_some("PostgreSQL takes no writes")
                }
                Ok(Err(error)) => {
                    why = Some(causes(&error));
                    Some("PostgreSQL is unreachable")
                }
                Err(_elapsed) => {
                    let last = *log.availability().last_answer();
                    if let Some(last) = last.filter(|last| *last > silent_since) {
                        // Other queries were answered meanwhile: the machine is only busy.
                        connection = None;
                        silent_since = last;
                        continue;
                    }
                    Some("PostgreSQL does not answer")
                }
            };
            if outage.is_some() {
                connection = None;
            }
            log.availability().set_database(outage, why);
            // Also detects a log that is shorter than it was.
            if outage.is_none() {
                let _ = tokio::time::timeout(ANSWER_TIMEOUT, log.look()).await;
            }
            tokio::time::sleep(ASK_EVERY).await;
            silent_since = Instant::now();
        }
    };
    stop.run_until_cancelled(watching).await;
}

struct State {
    /// As on a standby.
    is_read_only: bool,
    identity: Identity,
}

crate::from_row!(State { is_read_only, identity: flatten });

/// Identifies the database and its history: it changes with a restore, a promotion or a
/// point-in-time recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    system_identifier: i64,
    timeline: i32,
    database: i64,
}

crate::from_row!(Identity { system_identifier, timeline, database });

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { system_identifier, timeline, database } = self;
        write!(f, "database {database} of system {system_identifier} on timeline {timeline}")
    }
}

/// Uses a connection of its own, because the pool's may all be in use. A broken connection says
/// nothing about the server, so the query is repeated on a new one.
async fn ask(connection: &mut Option<PgConnection>, pool: &PgPool) -> Result<State, sqlx::Error> {
    if let Some(known) = connection
        && let Ok(answer) = ask_on(known).await
    {
        return Ok(answer);
    }
    *connection = None;
    ask_on(connection.insert(PgConnection::connect_with(&pool.connect_options()).await?)).await
}

async fn ask_on(connection: &mut PgConnection) -> Result<State, sqlx::Error> {
    sqlx::query_as(
        "select current_setting('transaction_read_only')::boolean as is_read_only,
                s.system_identifier, c.timeline_id as timeline, d.oid::bigint as database
         from pg_control_system() s
         cross join pg_control_checkpoint() c
         join pg_database d on d.datname = current_database()",
    )
    .fetch_one(connection)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The PostgreSQL backends that have answered a probe and are idle until the next one.
    async fn asked(log: &Log) -> Vec<i32> {
        sqlx::query_scalar(
            "select pid from pg_stat_activity
             where datname = current_database()
               and query like 'select current_setting%'
               and state = 'idle'
               and state_change < clock_timestamp() - interval '20 milliseconds'",
        )
        .fetch_all(log.pool())
        .await
        .unwrap()
    }

    fn send(signal: &str, pid: i32) {
        let pid = pid.to_string();
        let sent = std::process::Command::new("kill").args([signal, &pid]).status();
        assert!(sent.unwrap().success());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_question_without_an_answer_is_no_outage_while_others_are_answered() {
        let (log, _) = crate::tests::log().await;
        let stop = CancellationToken::new();
        let watching = tokio::spawn(watch_database(log.clone(), stop.clone()));
        let frozen = loop {
            if let [pid] = asked(&log).await[..] {
                break pid;
            }
        };
        send("-STOP", frozen);
        // The probe is repeated on another connection.
        while asked(&log).await.iter().all(|pid| *pid == frozen) {
            log.head().await.unwrap();
            assert_eq!(log.availability().outage(), None);
        }
        send("-CONT", frozen);
        stop.cancel();
        watching.await.unwrap();
        assert_eq!(log.availability().outage(), None);
    }
}
