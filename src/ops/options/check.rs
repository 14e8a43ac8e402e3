//! Validates the values: a wrong one stops every verb with a line that says what is accepted.

use api::token::Authenticator;
use event_store::MasterKey;
use relay::{NatsOptions, WrongUrl};
use url::Url;

use super::Options;
use crate::ops::{Failure, database, given_file, shown_url, telemetry};

impl Options {
    /// How to reach the configured NATS server; `None` when NATS is off, or private.
    pub(in crate::ops) fn nats(&self) -> Result<Option<NatsOptions>, Failure> {
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

    /// Refuses values that cannot be used, before anything is started.
    pub(in crate::ops) fn check(&self) -> Result<(), Failure> {
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
        token("COLLOQUY_NATS_STREAM", &self.nats_stream)?;
        self.payload().map(drop)
    }
}

fn is_http(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Shown in place of a secret value.
const HIDDEN: &str = "(hidden)";

pub(in crate::ops) fn wrong(variable: &str, value: &str, accepted: &str) -> Failure {
    Failure::Usage(format!("{variable} is {value:?}: expected {accepted}"))
}
