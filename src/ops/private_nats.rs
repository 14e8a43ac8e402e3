use std::path::Path;

use embedded::{Access, Nats, private_file};
use relay::{NatsOptions, access};

use super::{Failure, Options};

/// Where others read how to reach the private NATS server: with all that Colloquy itself may do, and to read.
const URL_FILE: &str = "nats-url";
const READING_URL_FILE: &str = "nats-reader-url";

/// How to reach the private NATS server of a running server; `None` where none was ever started.
pub(super) fn left_by_server(data_dir: &Path) -> Option<NatsOptions> {
    let url = std::fs::read_to_string(data_dir.join(URL_FILE)).ok()?;
    NatsOptions::new(url.trim()).ok()
}

/// Starts the private NATS server, on which nobody can do more than this installation needs.
pub(super) async fn start(options: &Options, data_dir: &Path) -> Result<Nats, Failure> {
    tracing::info!(data_dir = %data_dir.display(), "starting a private NATS server");
    let (prefix, stream) = (&options.nats_subject_prefix, &options.nats_stream);
    let access = Access {
        publish: access::published(prefix, stream),
        ask: access::asked_by_readers(stream),
        ask_for_several: access::asked_by_readers_for_several(stream),
    };
    let nats = Nats::start_with(data_dir, None, &access, "").await?;
    let url_file = data_dir.join(URL_FILE);
    private_file::keep(&url_file, nats.url())?;
    let reading_url_file = data_dir.join(READING_URL_FILE);
    private_file::keep(&reading_url_file, nats.reading_url())?;
    tracing::info!(reading_url_file = %reading_url_file.display(), "NATS is up");
    Ok(nats)
}
