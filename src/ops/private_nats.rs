use std::path::Path;

use anyhow::anyhow;
use async_nats::Client;
use embedded::{Access, Nats, private_file};
use relay::{NatsOptions, access};

use super::{Failure, Options};

/// Files with URLs of the private NATS server: one with all of Colloquy's own permissions, one for
/// readers of the stream.
const URL_FILE: &str = "nats-url";
const READING_URL_FILE: &str = "nats-reader-url";

/// The shell command that reads from a consumer of the stream. It names the file or variable with
/// the credentials, and does not contain them.
pub(super) fn reading_command(options: &Options) -> String {
    let server = match &options.nats_url {
        Some(_) => "$NATS_URL".to_owned(),
        None => {
            let file = options.data_dir().join(READING_URL_FILE);
            format!("$(cat '{}')", file.display())
        }
    };
    let stream = &options.nats_stream;
    format!("nats --server \"{server}\" consumer next {stream} NAME --count 10 --ack")
}

/// How to reach the private NATS server of a running server; `None` where none was ever started.
pub(super) fn left_by_server(data_dir: &Path) -> Option<NatsOptions> {
    let url = std::fs::read_to_string(data_dir.join(URL_FILE)).ok()?;
    NatsOptions::new(url.trim()).ok()
}

/// The NATS server that a verb works with.
pub(super) struct Reached {
    pub(super) nats: NatsOptions,
    pub(super) client: Client,
    /// Started for as long as the verb runs.
    private: Option<Nats>,
}

impl Reached {
    pub(super) async fn close(self) -> Result<(), Failure> {
        drop(self.client);
        if let Some(private) = self.private {
            private.stop().await?;
        }
        Ok(())
    }
}

/// The configured server; else the private one of a running server; else the private one, started.
pub(super) async fn reach(options: &Options) -> Result<Reached, Failure> {
    if options.nats_is_off() {
        return Err(anyhow!("NATS_URL is off: there is no stream").into());
    }
    if let Some(nats) = options.nats()? {
        let client = nats.connect().await?;
        return Ok(Reached { nats, client, private: None });
    }
    let data_dir = options.data_dir();
    if let Some(nats) = left_by_server(&data_dir)
        && let Ok(client) = nats.connect().await
    {
        return Ok(Reached { nats, client, private: None });
    }
    let private = start(options, &data_dir).await?;
    let nats = NatsOptions::new(private.url())?;
    let client = nats.connect().await?;
    Ok(Reached { nats, client, private: Some(private) })
}

/// Starts the private NATS server, on which no user can do more than this installation needs.
pub(super) async fn start(options: &Options, data_dir: &Path) -> Result<Nats, Failure> {
    tracing::info!(data_dir = %data_dir.display(), "starting a private NATS server");
    let (prefix, stream) = (&options.nats_subject_prefix, &options.nats_stream);
    let access = Access {
        publish: access::published(prefix, stream),
        ask: access::asked_by_readers(stream),
        ask_for_several: access::asked_by_readers_for_several(stream),
        hear: access::heard_by_readers(prefix),
    };
    let nats = Nats::start_with(data_dir, None, &access, "").await?;
    let url_file = data_dir.join(URL_FILE);
    private_file::keep(&url_file, nats.url())?;
    let reading_url_file = data_dir.join(READING_URL_FILE);
    private_file::keep(&reading_url_file, nats.reading_url())?;
    let file = reading_url_file.display();
    tracing::info!(reading_url_file = %file, port = nats.port(), "NATS is up");
    Ok(nats)
}
