use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::serve::ListenerExt;
use clap::Args;
use event_store::{Commands, Keys, Log, Settings};
use rand::distr::{Alphanumeric, SampleString};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::database::{URL_FILE, connect};
use super::{Failure, Options, master_key, secret_file, telemetry, token};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Make and keep a token secret when none is configured, and print a token and requests to try
    #[arg(long)]
    quick_start: bool,
    /// PostgreSQL connections at most; half of them at most are kept for queries
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(12..=1000))]
    connections_max: u32,
    /// Request bodies, in bytes, at most
    #[arg(long, default_value_t = 2 * 1024 * 1024)]
    body_size_max: usize,
    /// Seconds that a request may take
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    request_timeout_s: u64,
    /// Commands that may wait to be recorded before further ones are refused
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    queue_length_max: u32,
}

/// What is started must be stopped in the other order, whatever happens in between.
#[derive(Default)]
struct Servers {
    postgres: Option<embedded::Postgres>,
    nats: Option<embedded::Nats>,
}

impl Servers {
    async fn stop(self) -> Result<(), Failure> {
        if let Some(nats) = self.nats {
            nats.stop().await?;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await?;
        }
        Ok(())
    }
}

impl Serve {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        options.check()?;
        telemetry::start(&options.log)?;
        let shutdown = shutdown_signal()?;
        let authenticator = self.authenticator(&options)?;
        let mut servers = Servers::default();
        let served = self.serve(&options, authenticator, &mut servers, shutdown).await;
        let stopped = servers.stop().await;
        served.and(stopped)
    }

    async fn serve(
        &self,
        options: &Options,
        (authenticator, secret): (api::token::Authenticator, Option<String>),
        servers: &mut Servers,
        shutdown: CancellationToken,
    ) -> Result<(), Failure> {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
            .install_recorder()
            .context("cannot set up metrics")?;
        let data_dir = options.data_dir();
        let database_url = match &options.database_url {
            Some(url) => url.clone(),
            None => {
                tracing::info!(data_dir = %data_dir.display(), "starting a private PostgreSQL");
                let postgres = embedded::Postgres::start(&data_dir).await?;
                let url = postgres.url().to_owned();
                secret_file::keep(&data_dir.join(URL_FILE), &url)?;
                servers.postgres = Some(postgres);
                url
            }
        };
        let pool = connect(&database_url, self.connections_max).await?;
        event_store::migrate(&pool).await?;

        let node = Uuid::new_v4();
        let keys = Keys::open(&pool, master_key::find_or_make(options)?).await?;
        let log = Log::new(pool.clone(), keys);
        let (accepting, following) = (CancellationToken::new(), CancellationToken::new());
        let settings =
            Settings { queue_length_max: self.queue_length_max as usize, ..Settings::default() };
        let commands = Commands::start(log.clone(), &settings, accepting.clone());
        let memory = projections::Memory::start(&pool);
        let (progress, mut followers) = projections::start(&log, &memory, node, &following);
        followers.spawn(event_store::watch_database(log.clone(), following.clone()));
        followers.spawn(keep_metrics_small(metrics.clone(), following.clone()));
        followers.spawn(event_store::prune_idempotency_keys(pool.clone(), following.clone()));
        let reactors = reactors::run(commands.clone(), progress.clone(), node, following.clone());
        followers.spawn(reactors);
        let head = log.head().await?;
        let relay = self.relay(options, servers, &log, node, &following, &mut followers).await?;

        let services = api::Services {
            readiness: readiness(&commands, &progress, relay),
            commands,
            views: projections::Views::new(memory, progress.clone()),
            pool: pool.clone(),
            authenticator,
            metrics,
            seen: api::Seen::default(),
        };
        let limits = api::Limits {
            body_size_max: self.body_size_max,
            request_timeout: Duration::from_secs(self.request_timeout_s),
        };
        // What was acknowledged before the start is answered from the start.
        let caught_up = catch_up(&progress, head);
        if shutdown.run_until_cancelled(caught_up).await.is_none() {
            following.cancel();
            while followers.join_next().await.is_some() {}
            return Ok(());
        }
        let listener = tokio::net::TcpListener::bind(options.listen()?)
            .await
            .with_context(|| format!("cannot listen on {} (COLLOQUY_LISTEN)", options.listen))?;
        let address = listener.local_addr()?;
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
        if let (true, Some(secret)) = (self.quick_start, &secret) {
            print_quick_start(&format!("http://{address}"), secret)?;
        }
        let stop = shutdown.clone();
        // An answer goes out when it is written: waiting for more to send with it only delays it.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(error = &error as &dyn std::error::Error, "TCP_NODELAY is not set");
            }
        });
        axum::serve(listener, api::router(services, limits))
            .with_graceful_shutdown(async move { stop.cancelled().await })
            .await?;

        tracing::info!("finishing what was accepted");
        accepting.cancel();
        following.cancel();
        while followers.join_next().await.is_some() {}
        pool.close().await;
        tracing::info!("stopped");
        Ok(())
    }

    /// How publishing goes, unless it is off.
    async fn relay(
        &self,
        options: &Options,
        servers: &mut Servers,
        log: &Log,
        node: Uuid,
        stop: &CancellationToken,
        followers: &mut JoinSet<()>,
    ) -> Result<Option<watch::Receiver<relay::Status>>, Failure> {
        let nats_url = match &options.nats_url {
            _ if options.nats_is_off() => {
                tracing::warn!("NATS_URL is off: events are recorded, but not published");
                return Ok(None);
            }
            Some(url) => url.clone(),
            None => {
                let data_dir = options.data_dir();
                tracing::info!(data_dir = %data_dir.display(), "starting a private NATS server");
                let nats = embedded::Nats::start(&data_dir).await?;
                let url = nats.url().to_owned();
                tracing::info!(url, "NATS is up");
                servers.nats = Some(nats);
                url
            }
        };
        let prefix = options.nats_subject_prefix.clone();
        followers.spawn(relay::hint::run(log.clone(), nats_url.clone(), prefix, stop.clone()));
        let settings = options.relay(nats_url);
        let (status, watched) = watch::channel(relay::Status::default());
        followers.spawn(relay::run(log.clone(), settings, node, status, stop.clone()));
        Ok(Some(watched))
    }

    /// The judge of access tokens, and the secret if it is one that tokens can be made with here.
    fn authenticator(
        &self,
        options: &Options,
    ) -> Result<(api::token::Authenticator, Option<String>), Failure> {
        if let Some(pem) = &options.jwt_public_key {
            return Ok((api::token::Authenticator::from_public_key_pem(pem)?, None));
        }
        if let Some(url) = &options.jwks_url {
            return Ok((api::token::Authenticator::from_jwks_url(url)?, None));
        }
        let secret = match &options.jwt_secret {
            Some(secret) => secret.clone(),
            None if self.quick_start => {
                let data_dir = options.data_dir();
                match token::kept_secret(&data_dir)? {
                    Some(secret) => secret,
                    None => {
                        let secret = Alphanumeric.sample_string(&mut rand::rng(), 48);
                        token::keep_secret(&data_dir, &secret)?;
                        secret
                    }
                }
            }
            None => {
                return Err(Failure::Usage(
                    "COLLOQUY_JWT_SECRET is unset: expected a secret of 32 bytes or more, COLLOQUY_JWT_PUBLIC_KEY, COLLOQUY_JWKS_URL, or --quick-start"
                        .to_owned(),
                ));
            }
        };
        Ok((api::token::Authenticator::hs256(&secret)?, Some(secret)))
    }
}

/// Cancelled at the first Ctrl-C or SIGTERM; a second one ends the process at once.
#[expect(clippy::disallowed_methods, reason = "it listens until the process ends")]
fn shutdown_signal() -> Result<CancellationToken, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let shutdown = CancellationToken::new();
    let cancelled = shutdown.clone();
    tokio::spawn(async move {
        for second in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if second {
                tracing::warn!("told twice to stop: stopping at once");
                std::process::exit(1);
            }
            cancelled.cancel();
        }
    });
    Ok(shutdown)
}

/// Sums up what was measured since the last time. Every single measurement is kept until then, or
/// until somebody asks for the metrics: without it, a node that nobody scrapes grows by 8 bytes and
/// more with each request.
async fn keep_metrics_small(
    metrics: metrics_exporter_prometheus::PrometheusHandle,
    stop: CancellationToken,
) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}

/// Waits until the read models have reached a position, and says so while that takes long.
async fn catch_up(progress: &projections::Progress, head: i64) {
    while !progress.wait_for(head, Duration::from_secs(5)).await {
        let position = progress.position();
        let stopped = progress.stopped();
        tracing::info!(position, head, ?stopped, "projections are catching up");
        if stopped.len() == projections::MODELS.len() {
            return;
        }
    }
}

fn readiness(
    commands: &Commands,
    progress: &projections::Progress,
    relay: Option<watch::Receiver<relay::Status>>,
) -> api::Readiness {
    let (commands, progress) = (commands.clone(), progress.clone());
    api::Readiness(Arc::new(move || {
        let (commands, progress, relay) = (commands.clone(), progress.clone(), relay.clone());
        Box::pin(async move {
            let appender = commands.store().appender();
            if appender.queue_length() >= appender.queue_length_max() {
                return api::Condition::Unready("append queue: full".to_owned());
            }
            if let Some(outage) = commands.log().availability().outage() {
                return api::Condition::Unready(outage.to_string());
            }
            let stopped = progress.stopped();
            let mut parts =
                Vec::from_iter(stopped.iter().map(|(name, _)| format!("projection {name}")));
            if let Some(relay) = relay {
                parts.extend(relay.borrow().failing().map(str::to_owned));
            }
            if parts.is_empty() {
                return api::Condition::Ready;
            }
            api::Condition::Degraded(parts)
        })
    }))
}

/// What a newcomer needs: the URL, a token that works, three requests to paste.
fn print_quick_start(url: &str, secret: &str) -> Result<(), Failure> {
    const MONTH_S: u32 = 30 * 24 * 3600;
    let service = token::issue(secret, "quick-start", None, 1, "service", MONTH_S)?;
    let ann = token::issue(secret, "ann", Some("Ann"), 1, "member", MONTH_S)?;
    println!(
        "
Colloquy is running at {url}  (API: {url}/docs, stop with Ctrl-C)

Ann's access token, good for 30 days:
{ann}

Try it from another shell: register Bob, start a chat with him, list Ann's chats.

curl -s -X PUT {url}/api/users/bob -H 'Authorization: Bearer {service}' -H 'Content-Type: application/json' -d '{{\"name\":\"Bob\"}}'

curl -s {url}/api/conversations -H 'Authorization: Bearer {ann}' -H 'Content-Type: application/json' -d '{{\"members\":[\"bob\"]}}'

curl -s {url}/api/conversations -H 'Authorization: Bearer {ann}'
"
    );
    Ok(())
}
