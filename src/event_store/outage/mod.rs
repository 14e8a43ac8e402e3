//! Whether PostgreSQL takes what is sent to it. One task asks it all the time, so that an outage is noticed once, and
//! not by each request after a timeout of its own.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Error, Log, causes};

/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// A server that has not answered so small a question by then, nor anything else, is frozen, or out of reach.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(1500);

/// What is known of the database, by whoever asks it and by the appender. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Availability {
    outages: watch::Sender<Outages>,
    /// When the database last answered somebody who uses the log.
    answered: Arc<Mutex<Option<Instant>>>,
}

#[derive(Debug, Clone, Default)]
struct Outages {
    /// It does not answer, or takes no writes.
    database: Option<Arc<str>>,
    /// It answers, but events cannot be appended.
    appending: Option<Arc<str>>,
    /// What this process knows is not what the database holds, or it can no longer do its work.
    fatal: Option<Arc<str>>,
}

impl Outages {
    fn reason(&self) -> Option<Arc<str>> {
        let reasons = [&self.fatal, &self.database, &self.appending];
        reasons.into_iter().find_map(Clone::clone)
    }
}

impl Availability {
    /// What is wrong, if anything is, in words for whoever sent a request.
    pub fn outage(&self) -> Option<Arc<str>> {
        self.outages.borrow().reason()
    }

    /// Whether an error comes of an outage that is known, and so has been logged.
    pub fn explains(&self, error: &(dyn StdError + 'static)) -> bool {
        self.outage().is_some() && is_outage(error)
    }

    /// Returns what is wrong as soon as something is.
    pub async fn next_outage(&self) -> Arc<str> {
        self.next(Outages::reason).await
    }

    /// Returns why this process cannot go on, as soon as that is so: nobody can make it right but a new start.
    pub async fn failed(&self) -> Arc<str> {
        self.next(|outages| outages.fatal.clone()).await
    }

    async fn next(&self, reason: fn(&Outages) -> Option<Arc<str>>) -> Arc<str> {
        let mut outages = self.outages.subscribe();
        let begun = outages.wait_for(|outages| reason(outages).is_some()).await;
        // The sender is this one, so it is never gone.
        begun.ok().and_then(|outages| reason(&outages)).unwrap_or_else(|| "unknown".into())
    }

    /// This process cannot go on; the first reason counts.
    pub(crate) fn fail(&self, reason: impl Into<Arc<str>>) {
        self.outages.send_if_modified(|outages| {
            let is_first = outages.fatal.is_none();
            if is_first {
                let reason = reason.into();
                tracing::error!(%reason, "the process cannot go on");
                outages.fatal = Some(reason);
            }
            is_first
        });
    }

    /// The database was put back to an earlier time under this process, whose memory is of a later one.
    pub fn fail_for_lost_time(&self, what: impl fmt::Display) {
        self.fail(format!(
            "the database has gone back in time, and what this process remembers is no longer true: {what}; \
             it has to be started again"
        ));
    }

    /// The database has just answered.
    pub(crate) fn answered(&self) {
        *self.last_answer() = Some(Instant::now());
    }

    fn last_answer(&self) -> MutexGuard<'_, Option<Instant>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_appending(&self, outage: Option<&str>) {
        self.set(|outages| &mut outages.appending, outage, None);
    }

    /// Told, and logged, only when it changes.
    fn set(
        &self,
        of: fn(&mut Outages) -> &mut Option<Arc<str>>,
        outage: Option<&str>,
        causes: Option<String>,
    ) {
        self.outages.send_if_modified(|outages| {
            let known = of(outages);
            let turned = known.is_some() != outage.is_some();
            if turned {
                *known = outage.map(Arc::from);
                match outage {
                    Some(reason) => {
                        tracing::error!(reason, error = causes, "requests are refused");
                    }
                    None => tracing::info!("requests are answered again"),
                }
            }
            turned
        });
    }
}

/// Keeps asking the log's database whether it answers, takes writes and is still the same, until `stop` is cancelled.
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
                        // Others were answered meanwhile: the machine is only busy.
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
            log.availability().set(|outages| &mut outages.database, outage, why);
            // A log that is shorter than it was is noticed on the way.
            if outage.is_none() {
                let _ = tokio::time::timeout(ANSWER_TIMEOUT, log.look()).await;
            }
            tokio::time::sleep(ASK_EVERY).await;
            silent_since = Instant::now();
        }
    };
    stop.run_until_cancelled(watching).await;
}

#[derive(sqlx::FromRow)]
struct Answer {
    /// As a standby is.
    is_read_only: bool,
    #[sqlx(flatten)]
    identity: Identity,
}

/// Which history of which database it is: another one after a restore, a promotion or a recovery to an earlier time.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Identity {
    system_identifier: i64,
    timeline: i32,
    database: i64,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { system_identifier, timeline, database } = self;
        write!(f, "database {database} of system {system_identifier} on timeline {timeline}")
    }
}

/// On a connection of its own: the pool's may all be in use. One that broke says nothing of the server.
async fn ask(connection: &mut Option<PgConnection>, pool: &PgPool) -> Result<Answer, sqlx::Error> {
    if let Some(known) = connection
        && let Ok(answer) = ask_on(known).await
    {
        return Ok(answer);
    }
    *connection = None;
    ask_on(connection.insert(PgConnection::connect_with(&pool.connect_options()).await?)).await
}

async fn ask_on(connection: &mut PgConnection) -> Result<Answer, sqlx::Error> {
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

/// Whether a failure is the database's, so that the same thing may succeed later, and not that of what was sent to it.
pub fn is_outage(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(Error::Unreachable | Error::Unavailable) = error.downcast_ref() {
            return true;
        }
        if error.downcast_ref().is_some_and(is_outage_of_database) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// By <https://www.postgresql.org/docs/current/errcodes-appendix.html>: connections (08, 28), a server that takes no
/// writes (25), transactions that others broke or blocked (40, 55), resources (53), an operator, a timeout or a
/// shutdown (57), the system below (58).
fn is_outage_of_database(error: &sqlx::Error) -> bool {
    const CLASSES: [&str; 8] = ["08", "25", "28", "40", "53", "55", "57", "58"];
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            CLASSES.iter().any(|class| code.starts_with(class))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_outage_explains_what_fails_for_the_database_and_nothing_else() {
        let availability = Availability::default();
        let unreachable = Error::Database { doing: "try", source: sqlx::Error::PoolTimedOut };
        let ours = Error::Database { doing: "try", source: sqlx::Error::RowNotFound };
        assert!(!availability.explains(&unreachable));
        availability.set_appending(Some("PostgreSQL is unreachable"));
        assert!(availability.explains(&unreachable) && !availability.explains(&ours));
    }

    /// The processes of PostgreSQL that were asked, and wait for the next question.
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
        // It is asked again, on another connection.
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
