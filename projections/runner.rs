use std::error::Error as _;
use std::time::{Duration, Instant};

use event_store::{Log, RENEW_AFTER, Subscription};
use futures::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Executor, PgConnection, PgPool, Postgres};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Error, Event, Progress, Recorded, badge, conversation_list, directory, inbox, messages, timers,
};

/// Events in one transaction.
const BATCH_SIZE_MAX: i64 = 1000;
/// How often a standby looks where the holder of the lease is, and whether it is still there.
const STANDBY_POLL: Duration = Duration::from_millis(50);

/// A read model, as the runner sees it.
pub trait Projection: Send + Sync + 'static {
    /// Its name, and its schema's.
    const NAME: &'static str;
    /// Another number builds it anew from the log.
    const VERSION: i32;
    /// Makes its tables; the schema itself exists.
    const SCHEMA: &'static str;

    /// Whether an event can change a row; a batch without such a one only moves the checkpoint.
    fn concerns(event: &Event) -> bool;

    /// Brings the rows up to date with a batch, in the runner's transaction.
    fn apply<'a>(
        connection: &'a mut PgConnection,
        events: &'a [Recorded],
    ) -> BoxFuture<'a, Result<(), Error>>;
}

/// Starts all read models; they end when `stop` is cancelled.
pub fn start(log: &Log, node: Uuid, stop: &CancellationToken) -> (Progress, JoinSet<()>) {
    let progress = Progress::default();
    let mut tasks = JoinSet::new();
    let runner = Runner { log: log.clone(), node, progress: progress.clone(), stop: stop.clone() };
    tasks.spawn(runner.clone().run::<directory::Directory>());
    tasks.spawn(runner.clone().run::<conversation_list::ConversationList>());
    tasks.spawn(runner.clone().run::<inbox::Inbox>());
    tasks.spawn(runner.clone().run::<badge::Badges>());
    tasks.spawn(runner.clone().run::<messages::Messages>());
    tasks.spawn(runner.run::<timers::Timers>());
    (progress, tasks)
}

#[derive(Clone)]
struct Runner {
    log: Log,
    node: Uuid,
    progress: Progress,
    stop: CancellationToken,
}

impl Runner {
    async fn run<P: Projection>(self) {
        let mut delay = Duration::from_millis(100);
        while !self.stop.is_cancelled() {
            let started = Instant::now();
            match self.follow::<P>().await {
                Ok(()) => return,
                Err(Error::Log(event_store::Error::LeaseLost { name })) => {
                    tracing::warn!(projection = name, "another node took over");
                }
                Err(error) => {
                    if started.elapsed() > Duration::from_secs(10) {
                        delay = Duration::from_millis(100);
                    }
                    let mut causes = error.to_string();
                    let mut cause = error.source();
                    while let Some(inner) = cause {
                        causes = format!("{causes}: {inner}");
                        cause = inner.source();
                    }
                    tracing::error!(
                        projection = P::NAME,
                        error = causes,
                        "a read model stands still"
                    );
                    metrics::counter!("colloquy_projection_failures_total", "projection" => P::NAME)
                        .increment(1);
                    self.progress.failed(P::NAME, causes);
                    let _ = self.stop.run_until_cancelled(tokio::time::sleep(delay)).await;
                    delay = (delay * 2).min(Duration::from_secs(5));
                }
            }
        }
    }

    /// Returns when it was told to stop.
    async fn follow<P: Projection>(&self) -> Result<(), Error> {
        let pool = self.log.pool();
        let Some(mut subscription) = self.lease::<P>().await? else {
            return Ok(());
        };
        prepare::<P>(pool, &mut subscription).await?;
        let mut connection = dedicated(pool).await?;
        self.progress.moved(P::NAME, subscription.position());
        let mut renewed = Instant::now();
        loop {
            let position = subscription.position();
            let wait = tokio::time::timeout(RENEW_AFTER, self.log.changed_after(position));
            match self.stop.run_until_cancelled(wait).await {
                None => break,
                Some(Err(_elapsed)) => {
                    subscription.renew().await?;
                    renewed = Instant::now();
                    continue;
                }
                Some(Ok(())) => {}
            }
            let batch = self.log.read(position, BATCH_SIZE_MAX).await?;
            let Some(last) = batch.last() else {
                // Woken by a head that this connection does not see yet.
                tokio::task::yield_now().await;
                if renewed.elapsed() > RENEW_AFTER {
                    subscription.renew().await?;
                    renewed = Instant::now();
                }
                continue;
            };
            let to = last.position;
            apply::<P>(&mut connection, &mut subscription, &batch, to).await?;
            renewed = Instant::now();
            self.progress.moved(P::NAME, to);
            metrics::gauge!("colloquy_projection_lag", "projection" => P::NAME)
                .set((*self.log.wakeups().borrow() - to).max(0) as f64);
        }
        Ok(subscription.release().await?)
    }

    /// Takes the lease; while another node holds it, follows that node's progress. None: told to stop.
    async fn lease<P: Projection>(&self) -> Result<Option<Subscription>, Error> {
        let mut asked: Option<Instant> = None;
        while !self.stop.is_cancelled() {
            if asked.is_none_or(|asked| asked.elapsed() > Duration::from_secs(1)) {
                let pool = self.log.pool();
                if let Some(lease) = Subscription::acquire(pool, P::NAME, self.node).await? {
                    return Ok(Some(lease));
                }
                asked = Some(Instant::now());
            }
            let position = sqlx::query_scalar("select position from subscriptions where name = $1")
                .bind(P::NAME)
                .fetch_one(self.log.pool())
                .await
                .map_err(Error::database("read a checkpoint"))?;
            self.progress.moved(P::NAME, position);
            let _ = self.stop.run_until_cancelled(tokio::time::sleep(STANDBY_POLL)).await;
        }
        Ok(None)
    }
}

/// Makes the read model's schema when it is missing or of another version; it then starts from nothing.
async fn prepare<P: Projection>(
    pool: &PgPool,
    subscription: &mut Subscription,
) -> Result<(), Error> {
    let database = Error::database;
    let (present, version): (bool, i32) = sqlx::query_as(
        "select exists (select from information_schema.schemata where schema_name = $1),
                (select version from subscriptions where name = $1)",
    )
    .bind(P::NAME)
    .fetch_one(pool)
    .await
    .map_err(database("look for a read model"))?;
    if present && version == P::VERSION {
        return Ok(());
    }
    tracing::info!(projection = P::NAME, version = P::VERSION, "building a read model");
    let mut tx = pool.begin().await.map_err(database("build a read model"))?;
    let make = format!(
        "drop schema if exists {name} cascade; create schema {name}; {schema}",
        name = P::NAME,
        schema = P::SCHEMA
    );
    tx.execute(make.as_str()).await.map_err(database("build a read model"))?;
    sqlx::query("update subscriptions set version = $2 where name = $1")
        .bind(P::NAME)
        .bind(P::VERSION)
        .execute(&mut *tx)
        .await
        .map_err(database("build a read model"))?;
    subscription.advance(&mut tx, 0).await?;
    tx.commit().await.map_err(database("build a read model"))
}

/// A connection for one read model's batches: it keeps the statements that it has prepared, and nobody has to ask
/// before each batch whether it is still there. Its commits are not waited for: after a crash the checkpoint is
/// as old as the rows, and the log fills the rest. So it must not go back to the pool.
async fn dedicated(pool: &PgPool) -> Result<PoolConnection<Postgres>, Error> {
    let mut connection = pool.acquire().await.map_err(Error::database("connect"))?;
    connection.close_on_drop();
    connection
        .execute("set synchronous_commit = off")
        .await
        .map_err(Error::database("set a connection up"))?;
    Ok(connection)
}

async fn apply<P: Projection>(
    connection: &mut PgConnection,
    subscription: &mut Subscription,
    batch: &[event_store::RecordedEvent],
    to: i64,
) -> Result<(), Error> {
    let started = Instant::now();
    let events = batch.iter().map(Recorded::decode).collect::<Result<Vec<_>, _>>()?;
    if !events.iter().any(|recorded| P::concerns(&recorded.event)) {
        return Ok(subscription.advance(connection, to).await?);
    }
    let mut tx = connection.begin().await.map_err(Error::database("apply a batch"))?;
    P::apply(&mut tx, &events).await?;
    subscription.advance(&mut tx, to).await?;
    tx.commit().await.map_err(Error::database("apply a batch"))?;
    metrics::histogram!("colloquy_projection_batch_seconds", "projection" => P::NAME)
        .record(started.elapsed());
    Ok(())
}
