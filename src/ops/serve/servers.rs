use embedded::private_file;
use relay::NatsOptions;

use crate::ops::database::URL_FILE;
use crate::ops::{Failure, Options, private_nats};

/// The private servers that were started. They must be stopped in reverse order, even after a
/// failure in between.
#[derive(Default)]
pub(super) struct Servers {
    postgres: Option<embedded::Postgres>,
    nats: Option<embedded::Nats>,
}

impl Servers {
    /// The database's URL; a private PostgreSQL is started if none is configured.
    pub(super) async fn database_url(&mut self, options: &Options) -> Result<String, Failure> {
        if let Some(url) = &options.database_url {
            return Ok(url.clone());
        }
        let data_dir = options.data_dir();
        tracing::info!(data_dir = %data_dir.display(), "starting a private PostgreSQL");
        let postgres = embedded::Postgres::start(&data_dir).await?;
        let url = postgres.url().to_owned();
        private_file::keep(&data_dir.join(URL_FILE), &url)?;
        self.postgres = Some(postgres);
        Ok(url)
    }

    /// How to reach NATS, unless it is off; a private server is started if none is configured.
    pub(super) async fn nats(&mut self, options: &Options) -> Result<Option<NatsOptions>, Failure> {
        if options.nats_is_off() {
            tracing::warn!("NATS_URL is off: events are recorded, but not published");
            return Ok(None);
        }
        let command = private_nats::reading_command(options);
        tracing::info!(
            command,
            "how to read events, once a consumer is made: see docs/consumers.md"
        );
        if let Some(nats) = options.nats()? {
            return Ok(Some(nats));
        }
        let nats = private_nats::start(options, &options.data_dir()).await?;
        let reached = NatsOptions::new(nats.url())?;
        self.nats = Some(nats);
        Ok(Some(reached))
    }

    /// Returns when one of them cannot be kept running.
    pub(super) async fn failed(&mut self) -> Failure {
        let ended = tokio::select! {
            ended = embedded::keep_running(self.postgres.as_mut()) => ended.into(),
            ended = embedded::keep_running(self.nats.as_mut()) => ended.into(),
        };
        Failure::Failed(ended)
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        if let Some(nats) = self.nats {
            nats.stop().await?;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await?;
        }
        Ok(())
    }
}
