//! The public keys of an identity provider, from its JSON Web Key Set (RFC 7517).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::Refusal;

/// Tokens with unknown keys cause a fetch of the set at most this often.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How long a request with an unknown key waits for a fetch in progress. So the first requests
/// after the provider has introduced a key succeed, and a provider that does not answer delays no
/// request for long.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// A key, and the one algorithm it may be used with.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) key: Arc<DecodingKey>,
    pub(super) algorithm: Algorithm,
}

/// The keys that were fetched last. Requests read them; the fetching task publishes them.
#[derive(Clone)]
pub(super) struct KeySet(Arc<watch::Sender<State>>);

struct State {
    /// Keys by id; a key without an id has the empty one.
    keys: HashMap<String, Key>,
    /// When the provider last answered with a key set.
    fetched_at: Option<Instant>,
    /// Whether a fetch is in progress, or about to begin.
    is_fetching: bool,
    /// When an unknown key last caused a fetch.
    asked_at: Option<Instant>,
}

impl Default for KeySet {
    fn default() -> Self {
        let (keys, fetched_at, asked_at) = (HashMap::new(), None, None);
        Self(Arc::new(watch::Sender::new(State { keys, fetched_at, is_fetching: true, asked_at })))
    }
}

impl KeySet {
    /// The key that a token's header names. Without a name, the set must have exactly one key.
    pub(super) async fn key(&self, id: Option<&str>) -> Result<Key, Refusal> {
        if let Some(key) = self.0.borrow().find(id) {
            return Ok(key);
        }
        self.ask();
        let mut state = self.0.subscribe();
        // Whether or not the fetch has finished, the keys known by now decide.
        let _ = timeout(PATIENCE, state.wait_for(|state| !state.is_fetching)).await;
        let state = self.0.borrow();
        let unknown = match state.fetched_at {
            Some(_) => Refusal::KeyUnknown,
            None => Refusal::KeysMissing,
        };
        state.find(id).ok_or(unknown)
    }

    /// Requests a fetch, unless one is in progress, or an unknown key caused one a short while ago.
    fn ask(&self) {
        let now = Instant::now();
        self.0.send_if_modified(|state| {
            let is_due = state.asked_at.is_none_or(|asked| now - asked >= ASK_AGAIN_AFTER);
            if state.is_fetching || !is_due {
                return false;
            }
            (state.is_fetching, state.asked_at) = (true, Some(now));
            true
        });
    }

    /// Waits until a fetch is requested.
    pub(super) async fn asked(&self) {
        // The sender exists: it is ours.
        let _ = self.0.subscribe().wait_for(|state| state.is_fetching).await;
    }

    /// Marks that a fetch has begun.
    pub(super) fn begin(&self) {
        self.0.send_modify(|state| state.is_fetching = true);
    }

    /// Marks that a fetch has ended. If it failed, the known keys stay in use: an outage of the
    /// provider must not become one of ours.
    pub(super) fn end(&self, fetched: Option<HashMap<String, Key>>) {
        self.0.send_modify(|state| {
            state.is_fetching = false;
            if let Some(keys) = fetched {
                (state.keys, state.fetched_at) = (keys, Some(Instant::now()));
            }
        });
    }

    /// Waits until the provider has answered with a key set once.
    #[cfg(test)]
    pub(super) async fn fetched(&self) {
        let _ = self.0.subscribe().wait_for(|state| state.fetched_at.is_some()).await;
    }

    /// The age of the keys; `None` before the first answer.
    pub(super) fn age(&self) -> Option<Duration> {
        self.0.borrow().fetched_at.map(|fetched| fetched.elapsed())
    }
}

impl State {
    fn find(&self, id: Option<&str>) -> Option<Key> {
        let key = match id {
            Some(id) => self.keys.get(id),
            None if self.keys.len() == 1 => self.keys.values().next(),
            None => None,
        };
        key.cloned()
    }
}

/// The usable keys of a set; keys of other kinds are ignored.
///
/// # Errors
/// When the text is not a key set.
pub(super) fn parse(set: &[u8]) -> Result<HashMap<String, Key>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let Set { keys } = serde_json::from_slice(set)?;
    Ok(keys.into_iter().filter_map(|jwk| usable(&serde_json::from_value(jwk).ok()?)).collect())
}

/// Accepts asymmetric signature keys. The algorithm is derived from the key, never from the token
/// alone.
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
    let common = &jwk.common;
    let is_for_signatures =
        common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let verifies = |operations: &Vec<_>| operations.contains(&KeyOperations::Verify);
    let is_meant = is_for_signatures
        && common.key_operations.as_ref().is_none_or(verifies)
        && common.key_algorithm.is_none_or(|named| named == algorithm.into());
    let key = Arc::new(DecodingKey::from_jwk(jwk).ok()?);
    is_meant.then(|| (common.key_id.clone().unwrap_or_default(), Key { key, algorithm }))
}
