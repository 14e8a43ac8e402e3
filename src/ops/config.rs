use std::path::PathBuf;

use clap::Args;

use super::format::{Layout, print};
use super::{Failure, Options, shown_url};

const UNSET: &str = "(unset)";

#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(flatten)]
    layout: Layout,
}

impl Config {
    pub(super) fn run(self, options: &Options) -> Result<(), Failure> {
        options.check()?;
        let file = |file: &Option<PathBuf>| {
            file.as_ref().map_or_else(|| UNSET.to_owned(), |file| file.display().to_string())
        };
        let masked = |secret: &Option<String>| match secret {
            Some(_) => "********".to_owned(),
            None => UNSET.to_owned(),
        };
        let shown = |url: &Option<String>, show: fn(&str) -> String, unset: &str| {
            url.as_deref().map_or_else(|| unset.to_owned(), show)
        };
        let nats = |url: &str| match url {
            "off" => url.to_owned(),
            url => shown_url::nats(url),
        };
        let rows = [
            ("COLLOQUY_LISTEN", options.listen.clone()),
            (
                "COLLOQUY_PUBLIC_URL",
                options
                    .public_url
                    .clone()
                    .unwrap_or_else(|| "(unset: where it listens)".to_owned()),
            ),
            (
                "DATABASE_URL",
                shown(&options.database_url, shown_url::postgres, "(unset: private PostgreSQL)"),
            ),
            ("DATABASE_URL_FILE", file(&options.database_url_file)),
            ("NATS_URL", shown(&options.nats_url, nats, "(unset: private NATS server)")),
            ("NATS_URL_FILE", file(&options.nats_url_file)),
            ("COLLOQUY_NATS_CA_FILE", file(&options.nats_ca_file)),
            ("COLLOQUY_NATS_CERT_FILE", file(&options.nats_cert_file)),
            ("COLLOQUY_NATS_KEY_FILE", file(&options.nats_key_file)),
            ("COLLOQUY_DATA_DIR", options.data_dir().display().to_string()),
            ("COLLOQUY_JWT_SECRET", masked(&options.jwt_secret)),
            ("COLLOQUY_JWT_SECRET_FILE", file(&options.jwt_secret_file)),
            (
                "COLLOQUY_MASTER_KEY",
                match options.master_key {
                    Some(_) => "********".to_owned(),
                    None => "(unset: kept in the data folder)".to_owned(),
                },
            ),
            ("COLLOQUY_MASTER_KEY_FILE", file(&options.master_key_file)),
            (
                "COLLOQUY_JWT_PUBLIC_KEY",
                options.jwt_public_key.clone().unwrap_or_else(|| UNSET.to_owned()),
            ),
            ("COLLOQUY_JWKS_URL", shown(&options.jwks_url, shown_url::web, UNSET)),
            ("COLLOQUY_METRICS_TOKEN", masked(&options.metrics_token)),
            ("COLLOQUY_METRICS_TOKEN_FILE", file(&options.metrics_token_file)),
            ("COLLOQUY_LOG", options.log.clone()),
            ("COLLOQUY_NATS_SUBJECT_PREFIX", options.nats_subject_prefix.clone()),
            ("COLLOQUY_NATS_STREAM", options.nats_stream.clone()),
            ("COLLOQUY_NATS_PAYLOAD", options.nats_payload.clone()),
        ];
        let rows = rows.into_iter().chain(options.tokens.rows());
        let rows: Vec<Vec<String>> =
            rows.map(|(name, value)| vec![name.to_owned(), value]).collect();
        print(self.layout, &["variable", "value"], &rows)
    }
}
