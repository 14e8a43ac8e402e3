use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use embedded::private_file;
use event_store::{Commands, Keys, KeysInUse, Log, Settings};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::database::{Pools, URL_FILE};
use super::lag::Watched;
use super::readiness::{Relay, readiness};
use super::{Failure, Options, descriptors, master_key, output, private_nats, telemetry, token};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Make and keep a token secret when none is configured, and print a token and requests to try
    #[arg(long)]
    quick_start: bool,
    /// PostgreSQL connections at most; half of them are for queries
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(12..=1000))]
    connections_max: u32,
    /// Request bodies, in bytes, at most
    #[arg(long, default_value_t = 2 * 1024 * 1024, value_parser = clap::value_parser!(u32).range(1024..))]
    body_size_max: u32,
    /// Seconds that a request may take
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    request_timeout_s: u64,
    /// HTTP connections at once, at most; unless told, as many as the limit on open files leaves, up to 10000
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    http_connections_max: Option<u32>,
    /// Requests of one user that may be under way before further ones are refused (429)
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    user_requests_max: u32,
    /// Requests of one account that may be under way before further ones are refused (429)
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    account_requests_max: u32,
    /// Seconds to finish what is under way when told to stop; what takes longer is cut off
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    shutdown_timeout_s: u64,
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
        telemetry::start(telemetry::filter(&options.log)?);
        let shutdown = shutdown_signal()?;
        let authenticator = self.authenticator(&options)?;
        let connections = self.connections()?;
        let mut servers = Servers::default();
        let served = self.serve(&options, authenticator, connections, &mut servers, shutdown).await;
        let stopped = servers.stop().await;
        served.and(stopped)
    }

    async fn serve(
        &self,
        options: &Options,
        (authenticator, secret): (api::token::Authenticator, Option<String>),
        connections: api::server::Settings,
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
                private_file::keep(&data_dir.join(URL_FILE), &url)?;
                servers.postgres = Some(postgres);
                url
            }
        };
        let Pools { log: pool, queries } =
            Pools::connect(&database_url, self.connections_max).await?;

        let node = Uuid::new_v4();
        let mut in_use = KeysInUse::begin(&pool).await?;
        let keys = Keys::open(&pool, master_key::find_or_make(options, &pool).await?).await?;
        in_use.check(&keys).await?;
        let log = Log::new(pool.clone(), keys);
        let (accepting, following) = (CancellationToken::new(), CancellationToken::new());
        let settings =
            Settings { queue_length_max: self.queue_length_max as usize, ..Settings::default() };
        let commands = Commands::start(log.clone(), &settings, accepting.clone());
        let memory = projections::Memory::start(&queries);
        let progress = memory.progress().clone();
        // What was acknowledged before the start is answered from the start, or nothing is.
        progress.promise(log.head().await?);
        let mut followers = projections::start(&log, &memory, node, &following);
        followers.spawn(event_store::watch_database(log.clone(), following.clone()));
        followers.spawn(keep_metrics_small(metrics.clone(), following.clone()));
        followers.spawn(event_store::prune_idempotency_keys(pool.clone(), following.clone()));
        let reactors = reactors::run(commands.clone(), progress.clone(), node, following.clone());
        followers.spawn(reactors);
        followers.spawn(authenticator.clone().keep_keys(following.clone()));
        let relay = self.relay(options, servers, &log, node, &following, &mut followers).await?;
        let with_relay = relay.is_some();
        let pools = (&pool, &queries);
        let watched =
            Watched::start(node, pools, &progress, with_relay, &mut followers, &following);

        let answering = async {
            let level = progress.wait_until_level(LISTENS_WITHIN);
            match shutdown.run_until_cancelled(level).await {
                Some(true) => {}
                Some(false) => tracing::warn!(
                    position = progress.rows(),
                    head = progress.position(),
                    "projections are catching up: requests are refused until they have"
                ),
                None => return Ok(()),
            }
            let (listener, address) = listen(options).await?;
            let services = api::Services {
                readiness: readiness(&commands, &progress, relay, watched),
                commands,
                views: projections::Views::new(memory, progress.clone()),
                pool: pool.clone(),
                queries: queries.clone(),
                authenticator,
                metrics,
                metrics_token: options.metrics_token.as_deref().map(Into::into),
                fair: api::Fair::new(
                    self.user_requests_max as usize,
                    self.account_requests_max as usize,
                    self.body_size_max as usize,
                ),
                public_url: options.public_url(address).into(),
                seen: api::Seen::default(),
            };
            let limits = api::Limits {
                body_size_max: self.body_size_max as usize,
                request_timeout: Duration::from_secs(self.request_timeout_s),
            };
            if let (true, Some(secret)) = (self.quick_start, &secret) {
                print_quick_start(&format!("http://{address}"), secret, &options.tokens.rules()?)?;
            }
            let router = api::router(services, limits);
            api::server::serve(listener, router, connections, shutdown.clone()).await;
            Ok(())
        };
        let availability = log.availability();
        let answered = tokio::select! {
            answered = answering => answered,
            error = in_use.keep(log.keys()) => Err(error.into()),
            reason = availability.failed() => Err(anyhow::anyhow!("{reason}").into()),
            failure = panicked(&mut followers) => Err(failure),
            error = embedded::keep_running(servers.postgres.as_mut()) => Err(error.into()),
            error = embedded::keep_running(servers.nats.as_mut()) => Err(error.into()),
        };
        tracing::info!("draining requests");
        accepting.cancel();
        following.cancel();
        let patience =
            if answered.is_ok() { connections.shutdown_timeout } else { TIMEOUT_AFTER_FAILURE };
        let drained = async {
            while followers.join_next().await.is_some() {}
            queries.close().await;
            pool.close().await;
        };
        match tokio::time::timeout(patience, drained).await {
            Ok(()) => tracing::info!("stopped"),
            Err(_elapsed) => tracing::warn!(?patience, "stopped before everything was drained"),
        }
        answered
    }

    fn connections(&self) -> Result<api::server::Settings, Failure> {
        let room = descriptors::left_for_http(self.connections_max)?;
        Ok(api::server::Settings {
            connections_max: self.http_connections_max.map_or(room, |max| room.min(max as usize)),
            shutdown_timeout: Duration::from_secs(self.shutdown_timeout_s),
            ..api::server::Settings::default()
        })
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
    ) -> Result<Relay, Failure> {
        let nats = match options.nats()? {
            _ if options.nats_is_off() => {
                tracing::warn!("NATS_URL is off: events are recorded, but not published");
                return Ok(None);
            }
            Some(nats) => nats,
            None => {
                let nats = private_nats::start(options, &options.data_dir()).await?;
                let options = relay::NatsOptions::new(nats.url())?;
                servers.nats = Some(nats);
                options
            }
        };
        let prefix = options.nats_subject_prefix.clone();
        followers.spawn(relay::hint::run(log.clone(), nats.clone(), prefix, stop.clone()));
        let settings = options.relay(nats);
        let (status, watched) = watch::channel(relay::Status::default());
        followers.spawn(relay::run(log.clone(), settings, node, status, stop.clone()));
        Ok(Some(watched))
    }

    /// The judge of access tokens, and the secret if it is one that tokens can be made with here.
    fn authenticator(
        &self,
        options: &Options,
    ) -> Result<(api::token::Authenticator, Option<String>), Failure> {
        let rules = options.tokens.rules()?;
        if let Some(pem) = &options.jwt_public_key {
            return Ok((api::token::Authenticator::from_public_key_pem(pem, rules)?, None));
        }
        if let Some(url) = &options.jwks_url {
            return Ok((api::token::Authenticator::from_jwks_url(url, rules)?, None));
        }
        let secret = match &options.jwt_secret {
            Some(secret) => secret.clone(),
            None if self.quick_start => token::kept_or_new_secret(&options.data_dir())?,
            None => {
                return Err(Failure::Usage(
                    "COLLOQUY_JWT_SECRET is unset: expected a secret of 32 bytes or more, COLLOQUY_JWT_PUBLIC_KEY, COLLOQUY_JWKS_URL, or --quick-start"
                        .to_owned(),
                ));
            }
        };
        Ok((api::token::Authenticator::hs256(&secret, rules)?, Some(secret)))
    }
}

/// Most starts have caught up by then, also one that first waits for the lease of a node that was killed, so that a
/// caller seldom meets a server that cannot answer yet. One with more to do can be asked how it is.
const LISTENS_WITHIN: Duration = Duration::from_secs(10);

/// How long what was accepted may take to be finished, when nothing can be any more.
const TIMEOUT_AFTER_FAILURE: Duration = Duration::from_secs(1);

async fn listen(options: &Options) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(options.listen()?)
        .await
        .with_context(|| format!("cannot listen on {} (COLLOQUY_LISTEN)", options.listen))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
    Ok((listener, address))
}

/// Returns when a task has panicked: each of them is one without which the server cannot go on.
async fn panicked(tasks: &mut JoinSet<()>) -> Failure {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            return anyhow::anyhow!("a task without which the server cannot go on: {error}").into();
        }
    }
    std::future::pending().await
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

/// What a newcomer needs: the URL, a token that works, three requests to paste.
fn print_quick_start(url: &str, secret: &str, rules: &api::token::Rules) -> Result<(), Failure> {
    const MONTH_S: u32 = 30 * 24 * 3600;
    let service = token::issue(secret, rules, "quick-start", None, 1, "service", MONTH_S)?;
    let ann = token::issue(secret, rules, "ann", Some("Ann"), 1, "member", MONTH_S)?;
    // Whoever started it may not be there to read it, and the server goes on all the same.
    let _ = output::text(&format!(
        "
Colloquy is running at {url}  (API: {url}/docs, stop with Ctrl-C)

Ann's access token, good for 30 days:
{ann}

Try it from another shell: register Bob, start a chat with him, list Ann's chats.

curl -s -X PUT {url}/api/users/bob -H 'Authorization: Bearer {service}' -H 'Content-Type: application/json' -d '{{\"name\":\"Bob\"}}'

curl -s {url}/api/conversations -H 'Authorization: Bearer {ann}' -H 'Content-Type: application/json' -d '{{\"members\":[\"bob\"]}}'

curl -s {url}/api/conversations -H 'Authorization: Bearer {ann}'

"
    ));
    Ok(())
}
