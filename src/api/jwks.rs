//! The public keys of an identity provider, from its JSON Web Key Set (RFC 7517).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::RwLock;

/// Keys that were withdrawn are forgotten after this long.
const FRESH: Duration = Duration::from_secs(300);
/// A token with an unknown key asks for the set again, but not more often than this.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
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
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, Key>,
    asked: Option<Instant>,
}

impl KeySet {
    pub(crate) fn new(url: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
        Ok(Self { url: url.into(), client, known: Arc::default() })
    }

    /// The key that a token's header names; with no name, the only one there is.
    pub(crate) async fn key(&self, id: Option<&str>) -> Option<Key> {
        if let Some(key) = self.known.read().await.find(id, FRESH) {
            return Some(key);
        }
        let mut known = self.known.write().await;
        // Whoever waited here for another's fetch has its result.
        if known.asked.is_none_or(|asked| asked.elapsed() > ASK_AGAIN_AFTER) {
            match self.fetch().await {
                Ok(keys) => known.keys = keys,
                // The keys that are known go on being used: an outage there is none here.
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    url = &*self.url,
                    "the identity provider's keys cannot be fetched"
                ),
            }
            known.asked = Some(Instant::now());
        }
        known.find(id, Duration::MAX)
    }

    async fn fetch(&self) -> Result<HashMap<String, Key>, reqwest::Error> {
        let answer = self.client.get(&*self.url).send().await?.error_for_status()?;
        let set: JwkSet = answer.json().await?;
        Ok(set.keys.iter().filter_map(usable).collect())
    }
}

impl Known {
    fn find(&self, id: Option<&str>, age_max: Duration) -> Option<Key> {
        if self.asked.is_none_or(|asked| asked.elapsed() > age_max) {
            return None;
        }
        match id {
            Some(id) => self.keys.get(id).cloned(),
            None if self.keys.len() == 1 => self.keys.values().next().cloned(),
            None => None,
        }
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
