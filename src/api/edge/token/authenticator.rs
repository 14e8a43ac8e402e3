use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::fetch::{Fetch, Pace};
use super::keys::{Key, KeySet};
use super::signatures::use_ring;
use super::{Claims, Error, Refusal, Rules};

/// How long a verified token is cached: no longer than a withdrawn key may still be accepted.
const REMEMBERED_FOR: TimeDelta = TimeDelta::seconds(60);
/// Cached tokens, about half a kilobyte each.
const REMEMBERED_MAX: usize = 50_000;

/// Verifies tokens.
#[derive(Clone)]
pub struct Authenticator {
    pub(super) keys: Keys,
    rules: Arc<Rules>,
    pub(super) remembered: Arc<Cache<[u8; 32], Arc<Verified>>>,
}

/// A cached valid token. Invalid tokens are not cached, so they take no memory and evict nothing.
pub(super) struct Verified {
    claims: Claims,
    /// The id that the token's header names, and the key that verified the signature.
    key_id: Option<String>,
    key: Key,
    at: DateTime<Utc>,
}

impl Verified {
    /// Whether the entry has expired. The absolute value also covers a clock that was set back.
    fn is_old(&self, now: DateTime<Utc>) -> bool {
        (now - self.at).abs() >= REMEMBERED_FOR
    }
}

#[derive(Clone)]
pub(super) enum Keys {
    One(Key),
    Set(Fetch),
}

impl Keys {
    async fn find(&self, id: Option<&str>) -> Result<Key, Refusal> {
        match self {
            Self::One(key) => Ok(key.clone()),
            Self::Set(fetch) => fetch.keys.key(id).await,
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Verifies tokens that are signed with a shared secret.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes (RFC 7518, section 3.2).
    pub fn hs256(secret: &str, rules: Rules) -> Result<Self, Error> {
        if secret.len() < 32 {
            return Err(Error::SecretTooShort(secret.len()));
        }
        let key = Arc::new(DecodingKey::from_secret(secret.as_bytes()));
        let key = Key { key, algorithm: Algorithm::HS256 };
        Ok(Self::new(Keys::One(key), rules, REMEMBERED_MAX))
    }

    /// Verifies tokens of an identity provider with this public key.
    ///
    /// # Errors
    /// When the text is not a PEM public key for RS256, ES256 or EdDSA.
    pub fn from_public_key_pem(pem: &str, rules: Rules) -> Result<Self, Error> {
        let pem = pem.as_bytes();
        let (key, algorithm) = DecodingKey::from_rsa_pem(pem)
            .map(|key| (key, Algorithm::RS256))
            .or_else(|_| DecodingKey::from_ec_pem(pem).map(|key| (key, Algorithm::ES256)))
            .or_else(|_| DecodingKey::from_ed_pem(pem).map(|key| (key, Algorithm::EdDSA)))
            .map_err(|_| Error::KeyUnusable)?;
        Ok(Self::new(Keys::One(Key { key: Arc::new(key), algorithm }), rules, REMEMBERED_MAX))
    }

    /// Verifies tokens of an identity provider that publishes its keys (RFC 7517): RS256, ES256 or
    /// EdDSA. There are no keys until [`keep_keys`](Self::keep_keys) has fetched them.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn from_jwks_url(url: &str, rules: Rules) -> Result<Self, Error> {
        Self::at_pace(url, rules, Pace::default())
    }

    pub(super) fn at_pace(url: &str, rules: Rules, pace: Pace) -> Result<Self, Error> {
        let fetch = Fetch::new(url, KeySet::default(), pace).map_err(Error::Client)?;
        Ok(Self::new(Keys::Set(fetch), rules, REMEMBERED_MAX))
    }

    pub(super) fn new(keys: Keys, rules: Rules, remembered_max: usize) -> Self {
        use_ring();
        let remembered = Arc::new(Cache::new(remembered_max));
        Self { keys, rules: Arc::new(rules), remembered }
    }

    /// Keeps the keys of an identity provider up to date until `stop` is cancelled. Keys given as a
    /// secret or as PEM never change.
    pub async fn keep_keys(self, stop: CancellationToken) {
        match self.keys {
            Keys::One(_) => stop.cancelled().await,
            Keys::Set(fetch) => {
                stop.run_until_cancelled(fetch.run()).await;
            }
        }
    }

    /// When a token stops being accepted.
    pub(crate) fn ends_at(&self, claims: &Claims) -> DateTime<Utc> {
        self.rules.ends_at(claims.exp)
    }

    /// The claims of a valid token.
    ///
    /// A valid token is cached by its digest for at most [a minute](REMEMBERED_FOR), so a client
    /// that repeats it pays for the signature once. Each call still checks `exp` and the key: once
    /// the identity provider's keys have been fetched again, the signature is verified again.
    ///
    /// # Errors
    /// The first thing that is wrong with the token.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Refusal> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(verified) = self.remembered.get(&digest) {
            if verified.is_old(now) || self.rules.is_over(verified.claims.exp, now) {
                self.remembered.remove(&digest);
            } else if let Keys::One(_) = self.keys {
                return Ok(verified.claims.clone());
            } else {
                let key = self.keys.find(verified.key_id.as_deref()).await?;
                if Arc::ptr_eq(&key.key, &verified.key.key) {
                    return Ok(verified.claims.clone());
                }
            }
        }
        let verified = self.verify_signature(token, now).await?;
        let claims = verified.claims.clone();
        self.remembered.insert(digest, Arc::new(verified));
        Ok(claims)
    }

    async fn verify_signature(&self, token: &str, now: DateTime<Utc>) -> Result<Verified, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Malformed)?;
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        let key_id = header.kid;
        let key = self.keys.find(key_id.as_deref()).await?;
        let mut validation = Validation::new(key.algorithm);
        // Claims are checked by the rules, against the caller's clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let payload = jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &validation)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => Refusal::Signature,
                _ => Refusal::Malformed,
            })?
            .claims;
        let claims = self.rules.judge(&payload, now)?;
        Ok(Verified { claims, key_id, key, at: now })
    }
}
