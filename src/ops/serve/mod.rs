mod authenticator;
mod ending;
mod node;
mod quick_start;
mod servers;

use std::time::Duration;

use anyhow::Context;
use api::live::{self, Live, Signal};
use api::token::Authenticator;
use clap::Args;
use event_store::{Commands, Keys, KeysInUse, Log, Settings};
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use authenticator::authenticator;
use ending::{drain, panicked, shutdown_signal};
use node::Node;
use servers::Servers;

use super::database::Pools;
use super::lag::Watched;
use super::readiness::Relay;
use super::{Failure, Options, descriptors, master_key, telemetry};

/// Default number of connections to PostgreSQL.
pub(super) const CONNECTIONS_MAX: u32 = 32;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Create and keep a token secret if none is configured, and print a token and example requests
    #[arg(long)]
    quick_start: bool,
    /// Maximum number of PostgreSQL connections; half of them are for queries
    #[arg(long, default_value_t = CONNECTIONS_MAX,
          value_parser = clap::value_parser!(u32).range(12..=1000))]
    connections_max: u32,
    /// Maximum size of a request body, in bytes
    #[arg(long, default_value_t = 2 * 1024 * 1024,
          value_parser = clap::value_parser!(u32).range(1024..))]
    body_size_max: u32,
    /// Maximum duration of a request, in seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    request_timeout_s: u64,
    /// Maximum number of open HTTP connections (default: as many as the limit on open files allows,
    /// up to 10000)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    http_connections_max: Option<u32>,
    /// Maximum number of concurrent requests of one user; further ones are refused (429)
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    user_requests_max: u32,
    /// Maximum number of concurrent requests of one account; further ones are refused (429)
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    account_requests_max: u32,
    /// Seconds to finish requests in progress at shutdown; those that take longer are cut off
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    shutdown_timeout_s: u64,
    /// Maximum number of open event streams; one account may have half of them (default: half of
    /// the HTTP connections)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    event_streams_max: Option<u32>,
    /// Maximum number of open event streams of one user; further ones are refused (429)
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    user_event_streams_max: u32,
    /// Maximum number of commands waiting to be recorded; further ones are refused
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    queue_length_max: u32,
}

impl Serve {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        options.check()?;
        telemetry::start(telemetry::filter(&options.log)?);
        let shutdown = shutdown_signal()?;
        let authenticator = authenticator(&options, self.quick_start)?;
        let connections = self.connections()?;
        let mut servers = Servers::default();
        let served = self.serve(&options, authenticator, connections, &mut servers, shutdown).await;
        let stopped = servers.stop().await;
        served.and(stopped)
    }

    async fn serve(
        &self,
        options: &Options,
        (authenticator, secret): (Authenticator, Option<String>),
        connections: api::server::Settings,
        servers: &mut Servers,
        shutdown: CancellationToken,
    ) -> Result<(), Failure> {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
            .install_recorder()
            .context("cannot set up metrics")?;
        let node = Uuid::new_v4();
        let (log, queries, mut in_use) = self.open(options, servers).await?;
        let pool = log.pool().clone();
        let (accepting, following) = (CancellationToken::new(), CancellationToken::new());
        let settings =
            Settings { queue_length_max: self.queue_length_max as usize, ..Settings::default() };
        let commands = Commands::start(log.clone(), &settings, accepting.clone());
        let memory = projections::Memory::start(&queries);
        let progress = memory.progress().clone();
        // No query is answered until the read models show everything that was acknowledged before
        // the start.
        progress.promise(log.head().await?);
        let mut followers = projections::start(&log, &memory, node, &following);
        followers.spawn(event_store::watch_database(log.clone(), following.clone()));
        followers.spawn(keep_metrics_small(metrics.clone(), following.clone()));
        followers.spawn(event_store::prune_idempotency_keys(pool.clone(), following.clone()));
        followers.spawn(reactors::run(commands.clone(), progress.clone(), node, following.clone()));
        followers.spawn(authenticator.clone().keep_keys(following.clone()));
        let revocations = projections::Revocations::default();
        let follow = revocations.clone().follow(log.clone(), memory.clone(), following.clone());
        followers.spawn(follow);
        let (live, signals) =
            Live::new(self.streams(connections), log.head().await?, shutdown.clone());
        followers.spawn(live.clone().follow(log.clone(), following.clone()));
        let told = (live.clone(), signals);
        let relay =
            self.relay(options, servers, (&log, node), &following, &mut followers, told).await?;
        let (pools, with_relay) = ((&pool, &queries), relay.is_some());
        let watched =
            Watched::start(node, pools, &progress, with_relay, &mut followers, &following);
        let node = Node {
            commands,
            memory,
            progress,
            pool: pool.clone(),
            queries: queries.clone(),
            authenticator,
            revocations,
            live,
            secret,
            metrics,
            relay,
            watched,
        };
        let answering = node.answer(self, options, connections, shutdown);
        let answered = tokio::select! {
            answered = answering => answered,
            error = in_use.keep(log.keys()) => Err(error.into()),
            reason = log.availability().failed() => Err(anyhow::anyhow!("{reason}").into()),
            failure = panicked(&mut followers) => Err(failure),
            failure = servers.failed() => Err(failure),
        };
        tracing::info!("draining requests");
        accepting.cancel();
        following.cancel();
        let patience =
            if answered.is_ok() { connections.shutdown_timeout } else { TIMEOUT_AFTER_FAILURE };
        drain(followers, [queries, pool], patience).await;
        answered
    }

    /// Opens the log with its keys, the connections for queries, and the lock for the keys in use.
    async fn open(
        &self,
        options: &Options,
        servers: &mut Servers,
    ) -> Result<(Log, PgPool, KeysInUse), Failure> {
        let database_url = servers.database_url(options).await?;
        let Pools { log: pool, queries } =
            Pools::connect(&database_url, self.connections_max).await?;
        let mut in_use = KeysInUse::begin(&pool).await?;
        let keys = Keys::open(&pool, master_key::find_or_make(options, &pool).await?).await?;
        in_use.check(&keys).await?;
        Ok((Log::new(pool, keys), queries, in_use))
    }

    fn connections(&self) -> Result<api::server::Settings, Failure> {
        let room = descriptors::left_for_http(self.connections_max)?;
        Ok(api::server::Settings {
            connections_max: self.http_connections_max.map_or(room, |max| room.min(max as usize)),
            shutdown_timeout: Duration::from_secs(self.shutdown_timeout_s),
            ..api::server::Settings::default()
        })
    }

    /// An event stream occupies a connection for as long as it is open. Streams get at most half of
    /// the connections, so that the others are left to requests.
    fn streams(&self, connections: api::server::Settings) -> live::Limits {
        let half = connections.connections_max.div_ceil(2);
        live::Limits {
            streams_max: self.event_streams_max.map_or(half, |max| half.min(max as usize)),
            user_streams_max: self.user_event_streams_max as usize,
        }
    }

    /// Starts the relay and returns its status; `None` if publishing is off.
    async fn relay(
        &self,
        options: &Options,
        servers: &mut Servers,
        (log, node): (&Log, Uuid),
        stop: &CancellationToken,
        followers: &mut JoinSet<()>,
        (live, signals): (Live, mpsc::Receiver<Signal>),
    ) -> Result<Relay, Failure> {
        let Some(nats) = servers.nats(options).await? else { return Ok(None) };
        let prefix = options.nats_subject_prefix.clone();
        followers.spawn(relay::hint::run(log.clone(), nats.clone(), prefix.clone(), stop.clone()));
        let hear = move |subject: &str, body: &[u8]| live.hear(subject, body);
        let signalling = relay::signals::run(nats.clone(), prefix, signals, hear, stop.clone());
        followers.spawn(signalling);
        let settings = options.relay(nats)?;
        let (status, watched) = watch::channel(relay::Status::default());
        followers.spawn(relay::run(log.clone(), settings, node, status, stop.clone()));
        Ok(Some(watched))
    }
}

/// How long draining requests may take after a failure, when nothing can be finished any more.
const TIMEOUT_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Aggregates metric samples every five seconds. Each single sample is kept until then, or until
/// the metrics are scraped: without this, a node that is not scraped grows by 8 bytes and more with
/// each request.
async fn keep_metrics_small(metrics: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}
