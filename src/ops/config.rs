use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use event_store::MasterKey;

use super::Failure;
use super::format::{Format, print};

/// Flags override environment variables; the environment overrides defaults.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Options {
    /// HTTP address; port 0 picks a free one
    #[arg(long, global = true, env = "COLLOQUY_LISTEN", default_value = "127.0.0.1:8080")]
    pub(super) listen: String,
    /// PostgreSQL 15 or newer; without it, a private server is started
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub(super) database_url: Option<String>,
    /// NATS 2.9 or newer with JetStream; `off` runs without publishing; without it, a private server is started
    #[arg(long, global = true, env = "NATS_URL", hide_env_values = true)]
    pub(super) nats_url: Option<String>,
    /// Where private servers keep their data
    #[arg(long, global = true, env = "COLLOQUY_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// HS256 secret of access tokens, 32 bytes or more
    #[arg(long, global = true, env = "COLLOQUY_JWT_SECRET", hide_env_values = true)]
    pub(super) jwt_secret: Option<String>,
    /// PEM public key (RS256, ES256 or EdDSA) of an identity provider, instead of a secret
    #[arg(long, global = true, env = "COLLOQUY_JWT_PUBLIC_KEY")]
    pub(super) jwt_public_key: Option<String>,
    /// Where an identity provider publishes its keys (RS256, ES256 or EdDSA), instead of a secret
    #[arg(long, global = true, env = "COLLOQUY_JWKS_URL")]
    pub(super) jwks_url: Option<String>,
    /// Base64 of 32 bytes, the same on every node; wraps the keys that seal text; without it, one is kept in the
    /// data folder
    #[arg(long, global = true, env = "COLLOQUY_MASTER_KEY", hide_env_values = true)]
    pub(super) master_key: Option<String>,
    /// Tracing filter
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
    /// JetStream stream
    #[arg(long, global = true, env = "COLLOQUY_NATS_STREAM", default_value = "CONVERSATIONS")]
    pub(super) nats_stream: String,
}

impl Options {
    pub(super) fn listen(&self) -> Result<SocketAddr, Failure> {
        self.listen.parse().map_err(|_| {
            wrong("COLLOQUY_LISTEN", &self.listen, "an address with a port, such as 127.0.0.1:8080")
        })
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(embedded::default_data_dir)
    }

    /// NATS is not wanted.
    pub(super) fn nats_is_off(&self) -> bool {
        self.nats_url.as_deref() == Some("off")
    }

    /// How events are published to this server.
    pub(super) fn relay(&self, nats_url: String) -> relay::Settings {
        relay::Settings {
            nats_url,
            stream: self.nats_stream.clone(),
            subject_prefix: self.nats_subject_prefix.clone(),
            in_flight_max: 1000,
            look_every: Duration::from_secs(5),
        }
    }

    /// Refuses values that cannot be used, before anything is started.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.listen()?;
        if let Some(url) = &self.database_url
            && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
        {
            return Err(wrong(
                "DATABASE_URL",
                "(hidden)",
                "postgres://user:password@host:port/database",
            ));
        }
        if let Some(secret) = &self.jwt_secret
            && secret.len() < 32
        {
            return Err(wrong(
                "COLLOQUY_JWT_SECRET",
                &format!("({} bytes, hidden)", secret.len()),
                "32 bytes or more",
            ));
        }
        if let Some(key) = &self.master_key
            && MasterKey::from_base64(key).is_none()
        {
            return Err(wrong("COLLOQUY_MASTER_KEY", "(hidden)", "base64 of 32 bytes"));
        }
        if let Some(url) = &self.jwks_url
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return Err(wrong("COLLOQUY_JWKS_URL", url, "an http or https URL"));
        }
        let sources =
            [self.jwt_secret.is_some(), self.jwt_public_key.is_some(), self.jwks_url.is_some()];
        if sources.into_iter().filter(|given| *given).count() > 1 {
            return Err(Failure::Usage(
                "expected one of COLLOQUY_JWT_SECRET, COLLOQUY_JWT_PUBLIC_KEY and COLLOQUY_JWKS_URL"
                    .to_owned(),
            ));
        }
        let token = |name: &str, value: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if !value.is_empty() && value.chars().all(plain) {
                Ok(())
            } else {
                Err(wrong(name, value, "letters, digits, _ and -"))
            }
        };
        token("COLLOQUY_NATS_SUBJECT_PREFIX", &self.nats_subject_prefix)?;
        token("COLLOQUY_NATS_STREAM", &self.nats_stream)
    }
}

fn wrong(variable: &str, value: &str, accepted: &str) -> Failure {
    Failure::Usage(format!("{variable} is {value:?}: expected {accepted}"))
}

#[derive(Debug, Args)]
pub(super) struct Config {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Config {
    pub(super) fn run(self, options: &Options) -> Result<(), Failure> {
        options.check()?;
        let masked = |secret: &Option<String>| match secret {
            Some(_) => "********".to_owned(),
            None => "(unset)".to_owned(),
        };
        let rows = [
            ("COLLOQUY_LISTEN", options.listen.clone()),
            ("DATABASE_URL", url(&options.database_url, "private PostgreSQL")),
            ("NATS_URL", url(&options.nats_url, "private NATS server")),
            ("COLLOQUY_DATA_DIR", options.data_dir().display().to_string()),
            ("COLLOQUY_JWT_SECRET", masked(&options.jwt_secret)),
            (
                "COLLOQUY_MASTER_KEY",
                match options.master_key {
                    Some(_) => "********".to_owned(),
                    None => "(unset: kept in the data folder)".to_owned(),
                },
            ),
            (
                "COLLOQUY_JWT_PUBLIC_KEY",
                options.jwt_public_key.clone().unwrap_or_else(|| "(unset)".to_owned()),
            ),
            ("COLLOQUY_JWKS_URL", options.jwks_url.clone().unwrap_or_else(|| "(unset)".to_owned())),
            ("COLLOQUY_LOG", options.log.clone()),
            ("COLLOQUY_NATS_SUBJECT_PREFIX", options.nats_subject_prefix.clone()),
            ("COLLOQUY_NATS_STREAM", options.nats_stream.clone()),
        ];
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        print(self.format, &["variable", "value"], &rows)
    }
}

/// A URL without its password.
fn url(url: &Option<String>, unset: &str) -> String {
    let Some(url) = url else { return format!("(unset: {unset})") };
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((credentials, host))) => {
            let user = credentials
                .split_once("://")
                .map_or("", |(_, rest)| rest.split_once(':').map_or(rest, |(user, _)| user));
            format!("{scheme}://{user}:********@{host}")
        }
        _ => url.clone(),
    }
}
