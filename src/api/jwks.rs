//! The public keys of an identity provider, from its JSON Web Key Set (RFC 7517).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Mutex;

/// The set is asked for again after this long, so that a key that was withdrawn stops working
/// within a minute, the time for an answer included.
const FRESH: TimeDelta = TimeDelta::seconds(50);
/// A token with an unknown key asks for the set again, but not more often than this.
const ASK_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A key, and the one algorithm it may be used with.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) key: Arc<DecodingKey>,
    pub(crate) algorithm: Algorithm,
}

/// The set, fetched when it is needed and old.
#[derive(Clone)]
pub(crate) struct KeySet {
    url: Arc<str>,
    client: reqwest::Client,
    known: Arc<RwLock<Known>>,
    /// Held by the one who fetches.
    fetching: Arc<Mutex<()>>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, Key>,
    asked: Option<DateTime<Utc>>,
}

impl KeySet {
    pub(crate) fn new(url: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
        Ok(Self { url: url.into(), client, known: Arc::default(), fetching: Arc::default() })
    }

    /// The key that a token's header names; with no name, the only one there is.
    pub(crate) async fn key(&self, id: Option<&str>, now: DateTime<Utc>) -> Option<Key> {
        let (key, is_fresh) = self.find(id, now, FRESH);
        let fetching = match key {
            Some(key) if is_fresh => return Some(key),
            // One asks; the others go on with the key that is known: a provider that does not
            // answer must not hold up everyone.
            Some(key) => match self.fetching.try_lock() {
                Ok(fetching) => fetching,
                Err(_) => return Some(key),
            },
            None => self.fetching.lock().await,
        };
        // Whoever waited here for another's fetch has its result.
        let (key, is_fresh) = self.find(id, now, FRESH);
        let (_, was_just_asked) = self.find(id, now, ASK_AGAIN_AFTER);
        if was_just_asked || (key.is_some() && is_fresh) {
            return key;
        }
        self.refresh(now).await;
        drop(fetching);
        self.find(id, now, FRESH).0
    }

    /// A key that is known, and whether the set was asked for within a time.
    fn find(
        &self,
        id: Option<&str>,
        now: DateTime<Utc>,
        age_max: TimeDelta,
    ) -> (Option<Key>, bool) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let key = match id {
            Some(id) => known.keys.get(id),
            None if known.keys.len() == 1 => known.keys.values().next(),
            None => None,
        };
        // Also when the clock was set back since.
        let is_fresh = known.asked.is_some_and(|asked| (now - asked).abs() <= age_max);
        (key.cloned(), is_fresh)
    }

    async fn refresh(&self, now: DateTime<Utc>) {
        let fetched = self.fetch().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.asked = Some(now);
        match fetched {
            Ok(keys) => known.keys = keys,
            // The keys that are known go on being used: an outage there is none here.
            Err(error) => tracing::warn!(
                error = event_store::causes(&error),
                url = &*self.url,
                "the identity provider's keys cannot be fetched"
            ),
        }
    }

    /// The same keys, as if the provider were elsewhere now.
    #[cfg(test)]
    pub(crate) fn moved_to(&self, url: &str) -> Self {
        Self { url: url.into(), ..self.clone() }
    }

    async fn fetch(&self) -> Result<HashMap<String, Key>, reqwest::Error> {
        let answer = self.client.get(&*self.url).send().await?.error_for_status()?;
        let set: JwkSet = answer.json().await?;
        Ok(set.keys.iter().filter_map(usable).collect())
    }
}

/// Asymmetric keys for signatures; the key says the algorithm, never the token alone.
fn usable(jwk: &Jwk) -> Option<(String, Key)> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let key = Arc::new(DecodingKey::from_jwk(jwk).ok()?);
    Some((jwk.common.key_id.clone().unwrap_or_default(), Key { key, algorithm }))
}
