//! The configuration, and connections to the servers that it names.

mod check;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use relay::{NatsOptions, Payload};

pub(super) use check::wrong;

use super::token_options::TokenOptions;
use super::{Failure, given_file};

/// Flags override environment variables; the environment overrides defaults.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Options {
    /// HTTP address to listen on; port 0 picks a free port
    #[arg(long, global = true, env = "COLLOQUY_LISTEN", default_value = "127.0.0.1:8080")]
    pub(super) listen: String,
    /// URL at which callers reach the server, for links in responses (default: the address that it
    /// listens on)
    #[arg(long, global = true, env = "COLLOQUY_PUBLIC_URL")]
    pub(super) public_url: Option<String>,
    /// URL of PostgreSQL 15 or newer; if unset, a private server is started
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub(super) database_url: Option<String>,
    /// File that contains the database's URL
    #[arg(long, global = true, env = "DATABASE_URL_FILE")]
    pub(super) database_url_file: Option<PathBuf>,
    /// URL of NATS 2.9 or newer with JetStream, or a comma-separated list of URLs; `off` disables
    /// publishing; if unset, a private server is started
    #[arg(long, global = true, env = "NATS_URL", hide_env_values = true)]
    pub(super) nats_url: Option<String>,
    /// File that contains the URL of NATS
    #[arg(long, global = true, env = "NATS_URL_FILE")]
    pub(super) nats_url_file: Option<PathBuf>,
    /// PEM file with the only CA certificates to trust for NATS servers; makes TLS mandatory
    #[arg(long, global = true, env = "COLLOQUY_NATS_CA_FILE")]
    pub(super) nats_ca_file: Option<PathBuf>,
    /// PEM file with the client certificate for NATS servers; makes TLS mandatory
    #[arg(long, global = true, env = "COLLOQUY_NATS_CERT_FILE")]
    pub(super) nats_cert_file: Option<PathBuf>,
    /// PEM file with the private key of the client certificate
    #[arg(long, global = true, env = "COLLOQUY_NATS_KEY_FILE")]
    pub(super) nats_key_file: Option<PathBuf>,
    /// Folder in which private servers keep their data
    #[arg(long, global = true, env = "COLLOQUY_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// HS256 secret of access tokens, at least 32 bytes
    #[arg(long, global = true, env = "COLLOQUY_JWT_SECRET", hide_env_values = true)]
    pub(super) jwt_secret: Option<String>,
    /// File that contains the HS256 secret
    #[arg(long, global = true, env = "COLLOQUY_JWT_SECRET_FILE")]
    pub(super) jwt_secret_file: Option<PathBuf>,
    /// PEM public key (RS256, ES256 or EdDSA) of an identity provider, instead of a secret
    #[arg(long, global = true, env = "COLLOQUY_JWT_PUBLIC_KEY")]
    pub(super) jwt_public_key: Option<String>,
    /// URL at which an identity provider publishes its keys (RS256, ES256 or EdDSA), instead of a
    /// secret
    #[arg(long, global = true, env = "COLLOQUY_JWKS_URL", hide_env_values = true)]
    pub(super) jwks_url: Option<String>,
    #[command(flatten)]
    pub(super) tokens: TokenOptions,
    /// Master key, which wraps the keys that encrypt text: base64 of 32 bytes, the same on every
    /// node; if unset, one is kept in the data folder
    #[arg(long, global = true, env = "COLLOQUY_MASTER_KEY", hide_env_values = true)]
    pub(super) master_key: Option<String>,
    /// File that contains the master key
    #[arg(long, global = true, env = "COLLOQUY_MASTER_KEY_FILE")]
    pub(super) master_key_file: Option<PathBuf>,
    /// Bearer token with which Prometheus reads all metrics, at least 32 bytes; other callers read
    /// only metrics that reveal no volume
    #[arg(long, global = true, env = "COLLOQUY_METRICS_TOKEN", hide_env_values = true)]
    pub(super) metrics_token: Option<String>,
    /// File that contains the metrics token
    #[arg(long, global = true, env = "COLLOQUY_METRICS_TOKEN_FILE")]
    pub(super) metrics_token_file: Option<PathBuf>,
    /// Log filter, such as info or info,relay=debug
    #[arg(long, global = true, env = "COLLOQUY_LOG", default_value = "info")]
    pub(super) log: String,
    /// First token of every NATS subject
    #[arg(
        long,
        global = true,
        env = "COLLOQUY_NATS_SUBJECT_PREFIX",
        default_value = "conversations"
    )]
    pub(super) nats_subject_prefix: String,
    /// Name of the JetStream stream
    #[arg(long, global = true, env = "COLLOQUY_NATS_STREAM", default_value = "CONVERSATIONS")]
    pub(super) nats_stream: String,
    /// Body of published messages: full (the event with its private text in clear), sealed (the
    /// event without private text) or metadata (only the event's type)
    #[arg(long, global = true, env = "COLLOQUY_NATS_PAYLOAD", default_value = "full")]
    pub(super) nats_payload: String,
}

impl Options {
    pub(super) fn listen(&self) -> Result<SocketAddr, Failure> {
        self.listen.parse().map_err(|_| {
            wrong("COLLOQUY_LISTEN", &self.listen, "an address with a port, such as 127.0.0.1:8080")
        })
    }

    /// Where callers reach the server that listens on this address, without a trailing slash.
    pub(super) fn public_url(&self, address: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            // The unspecified address stands for all of the machine's addresses, and cannot be
            // called.
            None if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
            None => format!("http://{address}"),
        }
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(embedded::default_data_dir)
    }

    /// Whether NATS is turned off.
    pub(super) fn nats_is_off(&self) -> bool {
        self.nats_url.as_deref() == Some("off")
    }

    /// Whether no database is configured, so that a private PostgreSQL keeps the log.
    pub(super) fn database_is_private(&self) -> bool {
        self.database_url.is_none() && self.database_url_file.is_none()
    }

    /// Reads the values that are given in files.
    pub(super) fn take_files(&mut self) -> Result<(), Failure> {
        for (variable, value, file) in [
            ("DATABASE_URL", &mut self.database_url, &self.database_url_file),
            ("NATS_URL", &mut self.nats_url, &self.nats_url_file),
            ("COLLOQUY_JWT_SECRET", &mut self.jwt_secret, &self.jwt_secret_file),
            ("COLLOQUY_MASTER_KEY", &mut self.master_key, &self.master_key_file),
            ("COLLOQUY_METRICS_TOKEN", &mut self.metrics_token, &self.metrics_token_file),
        ] {
            given_file::take(variable, value, file.as_deref())?;
        }
        Ok(())
    }

    /// The relay's settings for publishing to this NATS server.
    pub(super) fn relay(&self, nats: NatsOptions) -> Result<relay::Settings, Failure> {
        Ok(relay::Settings {
            nats,
            stream: self.nats_stream.clone(),
            subject_prefix: self.nats_subject_prefix.clone(),
            payload: self.payload()?,
            in_flight_max: 1000,
            look_every: Duration::from_secs(5),
        })
    }

    fn payload(&self) -> Result<Payload, Failure> {
        match self.nats_payload.as_str() {
            "full" => Ok(Payload::Full),
            "sealed" => Ok(Payload::Sealed),
            "metadata" => Ok(Payload::Metadata),
            other => Err(wrong("COLLOQUY_NATS_PAYLOAD", other, "full, sealed or metadata")),
        }
    }
}
