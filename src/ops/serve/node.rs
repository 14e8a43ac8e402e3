//! Answers requests once the read models have caught up.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use api::live::Live;
use api::token::{Authenticator, Issuer};
use event_store::Commands;
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Serve, quick_start};
use crate::ops::lag::Watched;
use crate::ops::readiness::{Relay, readiness};
use crate::ops::{Failure, Options, private_nats};

/// How long a start waits for the read models before it listens anyway. Most have caught up by
/// then, even after waiting for the lease of a node that was killed, so that a caller seldom meets
/// a server that cannot answer yet. A start that takes longer can at least be asked for its health.
const LISTENS_WITHIN: Duration = Duration::from_secs(10);

/// Everything that answering requests takes.
pub(super) struct Node {
    pub(super) commands: Commands,
    pub(super) memory: projections::Memory,
    pub(super) progress: projections::Progress,
    pub(super) pool: PgPool,
    pub(super) queries: PgPool,
    pub(super) authenticator: Authenticator,
    pub(super) revocations: projections::Revocations,
    pub(super) live: Live,
    /// The secret that tokens can be issued with.
    pub(super) secret: Option<String>,
    pub(super) metrics: PrometheusHandle,
    pub(super) relay: Relay,
    pub(super) watched: Watched,
}

impl Node {
    /// Listens once the read models have caught up, or after [`LISTENS_WITHIN`], and answers until
    /// it is told to stop.
    pub(super) async fn answer(
        self,
        serve: &Serve,
        options: &Options,
        connections: api::server::Settings,
        shutdown: CancellationToken,
    ) -> Result<(), Failure> {
        let level = self.progress.wait_until_level(LISTENS_WITHIN);
        match shutdown.run_until_cancelled(level).await {
            Some(true) => {}
            Some(false) => tracing::warn!(
                position = self.progress.rows().get(),
                head = self.progress.position().get(),
                "projections are catching up: requests are refused until they have"
            ),
            None => return Ok(()),
        }
        let (listener, address) = listen(options).await?;
        let rules = options.tokens.rules()?;
        let issuer = self.secret.as_deref().map(|secret| Issuer::new(secret, rules));
        let services = api::Services {
            readiness: readiness(&self.commands, &self.progress, self.relay, self.watched),
            commands: self.commands,
            views: projections::Views::new(self.memory, self.progress),
            pool: self.pool,
            queries: self.queries,
            authenticator: self.authenticator,
            revocations: self.revocations,
            live: self.live,
            issuer,
            metrics: self.metrics,
            metrics_token: options.metrics_token.as_deref().map(Into::into),
            fair: api::Fair::new(
                serve.user_requests_max as usize,
                serve.account_requests_max as usize,
                serve.body_size_max as usize,
            ),
            public_url: options.public_url(address).into(),
            seen: api::Seen::default(),
        };
        let limits = api::Limits {
            body_size_max: serve.body_size_max as usize,
            request_timeout: Duration::from_secs(serve.request_timeout_s),
        };
        if let (true, Some(secret)) = (serve.quick_start, &self.secret) {
            let (url, rules) = (format!("http://{address}"), options.tokens.rules()?);
            let reading_command =
                (!options.nats_is_off()).then(|| private_nats::reading_command(options));
            quick_start::print(&url, secret, &rules, reading_command)?;
        }
        let router = api::router(services, limits);
        api::server::serve(listener, router, connections, shutdown).await;
        Ok(())
    }
}

async fn listen(options: &Options) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(options.listen()?)
        .await
        .with_context(|| format!("cannot listen on {} (COLLOQUY_LISTEN)", options.listen))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
    Ok((listener, address))
}
