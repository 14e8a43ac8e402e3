use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use api::token::Authenticator;
use clap::Args;
use event_store::MasterKey;
use relay::{NatsOptions, WrongUrl};
use url::Url;

use super::format::{Format, print};
use super::token_options::TokenOptions;
use super::{Failure, database, given_file, shown_url, telemetry};

/// Flags override environment variables; the environment overrides defaults.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Options {
    /// HTTP address; port 0 picks a free one
    #[arg(long, global = true, env = "COLLOQUY_LISTEN", default_value = "127.0.0.1:8080")]
    pub(super) listen: String,
    /// Where callers reach the server, for links in answers; the address that it listens on unless told
    #[arg(long, global = true, env = "COLLOQUY_PUBLIC_URL")]
    pub(super) public_url: Option<String>,
    /// PostgreSQL 15 or newer; without it, a private server is started
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub(super) database_url: Option<String>,
    /// File with the database's URL
    #[arg(long, global = true, env = "DATABASE_URL_FILE")]
    database_url_file: Option<PathBuf>,
    /// NATS 2.9 or newer with JetStream, several servers with commas between; `off` runs without publishing;
    /// without it, a private server is started
    #[arg(long, global = true, env = "NATS_URL", hide_env_values = true)]
    pub(super) nats_url: Option<String>,
    /// File with the URL of NATS
    #[arg(long, global = true, env = "NATS_URL_FILE")]
    nats_url_file: Option<PathBuf>,
    /// PEM file with the only certificates that NATS servers are trusted by; TLS is required then
    #[arg(long, global = true, env = "COLLOQUY_NATS_CA_FILE")]
    nats_ca_file: Option<PathBuf>,
    /// PEM file with the certificate to show to NATS servers; TLS is required then
    #[arg(long, global = true, env = "COLLOQUY_NATS_CERT_FILE")]
    nats_cert_file: Option<PathBuf>,
    /// PEM file with the private key of that certificate
    #[arg(long, global = true, env = "COLLOQUY_NATS_KEY_FILE")]
    nats_key_file: Option<PathBuf>,
    /// Where private servers keep their data
    #[arg(long, global = true, env = "COLLOQUY_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// HS256 secret of access tokens, 32 bytes or more
    #[arg(long, global = true, env = "COLLOQUY_JWT_SECRET", hide_env_values = true)]
    pub(super) jwt_secret: Option<String>,
    /// File with that secret
    #[arg(long, global = true, env = "COLLOQUY_JWT_SECRET_FILE")]
    jwt_secret_file: Option<PathBuf>,
    /// PEM public key (RS256, ES256 or EdDSA) of an identity provider, instead of a secret
    #[arg(long, global = true, env = "COLLOQUY_JWT_PUBLIC_KEY")]
    pub(super) jwt_public_key: Option<String>,
    /// Where an identity provider publishes its keys (RS256, ES256 or EdDSA), instead of a secret
    #[arg(long, global = true, env = "COLLOQUY_JWKS_URL", hide_env_values = true)]
    pub(super) jwks_url: Option<String>,
    #[command(flatten)]
    pub(super) tokens: TokenOptions,
    /// Base64 of 32 bytes, the same on every node; wraps the keys that seal text; without it, one is kept in the
    /// data folder
    #[arg(long, global = true, env = "COLLOQUY_MASTER_KEY", hide_env_values = true)]
    pub(super) master_key: Option<String>,
    /// File with that key
    #[arg(long, global = true, env = "COLLOQUY_MASTER_KEY_FILE")]
    master_key_file: Option<PathBuf>,
    /// What Prometheus shows as a bearer token to read all metrics, 32 bytes or more; strangers read those that
    /// count nothing
    #[arg(long, global = true, env = "COLLOQUY_METRICS_TOKEN", hide_env_values = true)]
    pub(super) metrics_token: Option<String>,
    /// File with that token
    #[arg(long, global = true, env = "COLLOQUY_METRICS_TOKEN_FILE")]
    metrics_token_file: Option<PathBuf>,
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

    /// Where callers reach the server that listens on this address, without a slash at the end.
    pub(super) fn public_url(&self, address: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            // All of the machine's addresses are none that can be called.
            None if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
            None => format!("http://{address}"),
        }
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(embedded::default_data_dir)
    }

    /// NATS is not wanted.
    pub(super) fn nats_is_off(&self) -> bool {
        self.nats_url.as_deref() == Some("off")
    }

    /// No server is given: a private one keeps the log.
    pub(super) fn database_is_private(&self) -> bool {
        self.database_url.is_none() && self.database_url_file.is_none()
    }

    /// How to reach NATS by a URL of its own; none when it is off, or private.
    pub(super) fn nats(&self) -> Result<Option<NatsOptions>, Failure> {
        let Some(url) = self.nats_url.as_deref().filter(|_| !self.nats_is_off()) else {
            return Ok(None);
        };
        let wrong_url = |why: WrongUrl| wrong("NATS_URL", HIDDEN, &why.to_string());
        let mut nats = NatsOptions::new(url).map_err(wrong_url)?;
        if let Some(ca) = &self.nats_ca_file {
            given_file::check_pem("COLLOQUY_NATS_CA_FILE", ca, "CERTIFICATE")?;
            nats = nats.ca_file(ca.clone());
        }
        match (&self.nats_cert_file, &self.nats_key_file) {
            (Some(certificate), Some(key)) => {
                given_file::check_pem("COLLOQUY_NATS_CERT_FILE", certificate, "CERTIFICATE")?;
                given_file::check_pem("COLLOQUY_NATS_KEY_FILE", key, "PRIVATE KEY")?;
                nats = nats.client_certificate(certificate.clone(), key.clone());
            }
            (None, None) => {}
            _ => {
                return Err(Failure::Usage(
                    "expected both of COLLOQUY_NATS_CERT_FILE and COLLOQUY_NATS_KEY_FILE, or none"
                        .to_owned(),
                ));
            }
        }
        Ok(Some(nats))
    }

    /// Takes the values that are given in files.
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

    /// How events are published to this server.
    pub(super) fn relay(&self, nats: NatsOptions) -> relay::Settings {
        relay::Settings {
            nats,
            stream: self.nats_stream.clone(),
            subject_prefix: self.nats_subject_prefix.clone(),
            in_flight_max: 1000,
            look_every: Duration::from_secs(5),
        }
    }

    /// Refuses values that cannot be used, before anything is started.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.listen()?;
        telemetry::filter(&self.log)?;
        if let Some(url) = &self.database_url {
            database::check_url(url).map_err(|expected| wrong("DATABASE_URL", HIDDEN, expected))?;
        }
        self.nats()?;
        if let Some(url) = &self.public_url
            && !is_http(url)
        {
            return Err(wrong("COLLOQUY_PUBLIC_URL", url, "an http or https URL"));
        }
        for (variable, secret) in [
            ("COLLOQUY_JWT_SECRET", &self.jwt_secret),
            ("COLLOQUY_METRICS_TOKEN", &self.metrics_token),
        ] {
            if let Some(secret) = secret
                && secret.len() < 32
            {
                let given = format!("({} bytes, hidden)", secret.len());
                return Err(wrong(variable, &given, "32 bytes or more"));
            }
        }
        if let Some(key) = &self.master_key
            && MasterKey::from_base64(key).is_none()
        {
            return Err(wrong("COLLOQUY_MASTER_KEY", HIDDEN, "base64 of 32 bytes"));
        }
        if let Some(url) = &self.jwks_url
            && !is_http(url)
        {
            return Err(wrong("COLLOQUY_JWKS_URL", &shown_url::web(url), "an http or https URL"));
        }
        let rules = self.tokens.rules()?;
        if let Some(pem) = &self.jwt_public_key
            && Authenticator::from_public_key_pem(pem, rules).is_err()
        {
            let given = format!("({} bytes)", pem.len());
            let accepted = "a PEM public key (RSA, P-256 or Ed25519)";
            return Err(wrong("COLLOQUY_JWT_PUBLIC_KEY", &given, accepted));
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

fn is_http(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// What a value is that must not be seen.
const HIDDEN: &str = "(hidden)";
const UNSET: &str = "(unset)";

pub(super) fn wrong(variable: &str, value: &str, accepted: &str) -> Failure {
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
        ];
        let rows = rows.into_iter().chain(options.tokens.rows());
        let rows: Vec<Vec<String>> =
            rows.map(|(name, value)| vec![name.to_owned(), value]).collect();
        print(self.format, &["variable", "value"], &rows)
    }
}
