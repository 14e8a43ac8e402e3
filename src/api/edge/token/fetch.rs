//! Fetches an identity provider's keys periodically, in the background.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use event_store::causes;
use reqwest::{StatusCode, Url, redirect};

use super::keys::{self, Key, KeySet};

pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// In bytes; a set of a hundred long keys has some 50 kB.
const BODY_SIZE_MAX: usize = 256 * 1024;

/// How often keys are fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Pause after a success. With the time for the next answer it stays below a minute, so that a
    /// withdrawn key stops working within a minute.
    pub(super) every: Duration,
    /// Pause after a failure, doubled by each further one, up to `every`.
    pub(super) retry_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { every: Duration::from_secs(50), retry_after: Duration::from_secs(1) }
    }
}

/// Fetches one provider's key set.
#[derive(Clone)]
pub(super) struct Fetch {
    url: Arc<str>,
    client: reqwest::Client,
    pace: Pace,
    pub(super) keys: KeySet,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the provider cannot be asked")]
    Request(#[source] reqwest::Error),
    /// A redirect is a failure: only the operator may say where the keys are.
    #[error("the provider answered {0}")]
    Status(StatusCode),
    #[error("the answer has more than {BODY_SIZE_MAX} bytes")]
    TooLarge,
    #[error("the answer is no JSON Web Key Set")]
    Unreadable(#[from] serde_json::Error),
}

/// Without the URL, which the HTTP client's error names: it may contain secrets.
impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error.without_url())
    }
}

impl Fetch {
    pub(super) fn new(url: &str, keys: KeySet, pace: Pace) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { url: url.into(), client, pace, keys })
    }

    /// Runs for ever. Each pause is shortened at random, so that nodes that were started together
    /// do not stay in step.
    pub(super) async fn run(self) {
        let mut failures: u32 = 0;
        loop {
            self.keys.begin();
            let fetched = self.fetch().await;
            let pause = match &fetched {
                Ok(_) => self.pace.every,
                Err(_) => self.pace.retry_after.saturating_mul(1 << failures.min(16)),
            };
            failures = if fetched.is_ok() { 0 } else { failures + 1 };
            self.publish(fetched);
            let pause = pause.min(self.pace.every).mul_f64(rand::random_range(0.8..=1.0));
            // A token with an unknown key ends the pause early.
            let _ = tokio::time::timeout(pause, self.keys.asked()).await;
        }
    }

    fn publish(&self, fetched: Result<HashMap<String, Key>, Error>) {
        // Log the host only: the URL's user, password and query may be secrets.
        let provider = Url::parse(&self.url).ok();
        let provider = provider.as_ref().and_then(Url::host_str);
        match fetched {
            Ok(keys) => {
                if keys.is_empty() {
                    tracing::warn!(
                        provider,
                        "the identity provider publishes no key that can be used"
                    );
                }
                self.keys.end(Some(keys));
            }
            Err(error) => {
                let age_s = self.keys.age().map(|age| age.as_secs());
                tracing::warn!(
                    error = causes(&error),
                    provider,
                    keys.age_s = age_s,
                    "the identity provider's keys cannot be fetched; those known stay in use"
                );
                self.keys.end(None);
            }
        }
    }

    async fn fetch(&self) -> Result<HashMap<String, Key>, Error> {
        let mut answer = self.client.get(&*self.url).send().await?;
        if !answer.status().is_success() {
            return Err(Error::Status(answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > BODY_SIZE_MAX {
                return Err(Error::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(keys::parse(&body)?)
    }
}
