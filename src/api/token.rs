//! Access tokens: JSON Web Tokens (RFC 7519) of the host system or of `colloquy token`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::jwks::{Key, KeySet};

/// What a token's bearer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// An ordinary user.
    #[default]
    Member,
    /// A support agent.
    Agent,
    /// Runs an account.
    Administrator,
    /// A program that takes part.
    Bot,
    /// The host system itself: no user of its own.
    Service,
}

impl Role {
    /// The claim's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Agent => "agent",
            Self::Administrator => "administrator",
            Self::Bot => "bot",
            Self::Service => "service",
        }
    }
}

/// Not a role.
#[derive(Debug, thiserror::Error)]
#[error("role must be member, agent, administrator, bot or service")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        [Self::Member, Self::Agent, Self::Administrator, Self::Bot, Self::Service]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(UnknownRole)
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user's uid in the host system, 1 to 256 characters.
    pub sub: String,
    /// When it runs out, in Unix seconds.
    pub exp: i64,
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The tenant.
    #[serde(default = "first_account")]
    pub account: i64,
    /// What the bearer may do.
    #[serde(default)]
    pub role: Role,
}

fn first_account() -> i64 {
    1
}

/// Why tokens cannot be judged or made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A secret that can be guessed.
    #[error("COLLOQUY_JWT_SECRET has {0} bytes: expected 32 or more")]
    SecretTooShort(usize),
    /// Not a PEM public key for RS256, ES256 or EdDSA.
    #[error("COLLOQUY_JWT_PUBLIC_KEY is no PEM public key (RSA, P-256 or Ed25519)")]
    KeyUnusable,
    /// No HTTP client for the key set.
    #[error("cannot prepare to fetch COLLOQUY_JWKS_URL")]
    Client(#[source] reqwest::Error),
    /// Signing failed.
    #[error("cannot sign a token")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// How long a verified token is remembered: as long as a withdrawn key may go on being good.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// Tokens that are remembered: half a kilobyte each.
const REMEMBERED_MAX: u64 = 50_000;

/// Judges tokens.
#[derive(Clone)]
pub struct Authenticator {
    keys: Keys,
    remembered: Cache<[u8; 32], Arc<Verified>>,
}

/// A token that was good. Only good ones are remembered: whoever sends bad ones costs no memory and
/// pushes nobody out.
struct Verified {
    claims: Claims,
    /// The key's name, and the key that the signature was made with.
    key_id: Option<String>,
    key: Key,
    until: DateTime<Utc>,
}

#[derive(Clone)]
enum Keys {
    One(Key),
    Set(KeySet),
}

impl Keys {
    async fn find(&self, id: Option<&str>, now: DateTime<Utc>) -> Option<Key> {
        match self {
            Self::One(key) => Some(key.clone()),
            Self::Set(set) => set.key(id, now).await,
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

impl Authenticator {
    /// For tokens signed with a shared secret.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes (RFC 7518, section 3.2).
    pub fn hs256(secret: &str) -> Result<Self, Error> {
        if secret.len() < 32 {
            return Err(Error::SecretTooShort(secret.len()));
        }
        Ok(Self::one(DecodingKey::from_secret(secret.as_bytes()), Algorithm::HS256))
    }

    /// For tokens of an identity provider with this public key.
    ///
    /// # Errors
    /// When the text is no such key.
    pub fn from_public_key_pem(pem: &str) -> Result<Self, Error> {
        let pem = pem.as_bytes();
        let (key, algorithm) = DecodingKey::from_rsa_pem(pem)
            .map(|key| (key, Algorithm::RS256))
            .or_else(|_| DecodingKey::from_ec_pem(pem).map(|key| (key, Algorithm::ES256)))
            .or_else(|_| DecodingKey::from_ed_pem(pem).map(|key| (key, Algorithm::EdDSA)))
            .map_err(|_| Error::KeyUnusable)?;
        Ok(Self::one(key, algorithm))
    }

    /// For tokens of an identity provider that publishes its keys (RFC 7517): RS256, ES256 or EdDSA.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn from_jwks_url(url: &str) -> Result<Self, Error> {
        Ok(Self::new(Keys::Set(KeySet::new(url).map_err(Error::Client)?), REMEMBERED_MAX))
    }

    fn one(key: DecodingKey, algorithm: Algorithm) -> Self {
        Self::new(Keys::One(Key { key: Arc::new(key), algorithm }), REMEMBERED_MAX)
    }

    fn new(keys: Keys, remembered_max: u64) -> Self {
        let remembered =
            Cache::builder().max_capacity(remembered_max).time_to_live(REMEMBERED_FOR).build();
        Self { keys, remembered }
    }

    /// The claims of a good token; none of any other, whatever is wrong with it.
    ///
    /// A good one is remembered, by its digest, for [a minute](REMEMBERED_FOR) at most: a program
    /// that asks again and again pays for the signature once. `exp` is looked at each time, and so
    /// is the key: when the identity provider's keys were fetched anew, the signature is verified
    /// anew.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(verified) = self.remembered.get(&digest).await {
            if now >= verified.until {
                self.remembered.remove(&digest).await;
            } else if let Keys::One(_) = self.keys {
                return Some(verified.claims.clone());
            } else {
                let key = self.keys.find(verified.key_id.as_deref(), now).await?;
                if Arc::ptr_eq(&key.key, &verified.key.key) {
                    return Some(verified.claims.clone());
                }
            }
        }
        let verified = self.verify_signature(token, now).await?;
        let claims = verified.claims.clone();
        self.remembered.insert(digest, Arc::new(verified)).await;
        Some(claims)
    }

    async fn verify_signature(&self, token: &str, now: DateTime<Utc>) -> Option<Verified> {
        let key_id = match &self.keys {
            Keys::One(_) => None,
            Keys::Set(_) => jsonwebtoken::decode_header(token).ok()?.kid,
        };
        let key = self.keys.find(key_id.as_deref(), now).await?;
        let mut validation = Validation::new(key.algorithm);
        // Judged below, by the caller's clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims: Claims = jsonwebtoken::decode(token, &key.key, &validation).ok()?.claims;
        let fits = |text: &str, min: usize| {
            (min..=domain::user::UID_LENGTH_MAX).contains(&text.chars().count())
                && !text.contains('\0')
        };
        let usable = fits(&claims.sub, 1)
            && !claims.sub.trim().is_empty()
            && claims.name.as_deref().is_none_or(|name| fits(name, 0));
        // Good until the second that `exp` names (RFC 7519, section 4.1.4). Beyond what a time can
        // be, never.
        let expires = DateTime::from_timestamp(claims.exp, 0).unwrap_or(match claims.exp {
            ..0 => DateTime::<Utc>::MIN_UTC,
            0.. => DateTime::<Utc>::MAX_UTC,
        });
        let until = expires.min(now + TimeDelta::from_std(REMEMBERED_FOR).ok()?);
        (usable && now < expires).then_some(Verified { claims, key_id, key, until })
    }
}

/// A token signed with a shared secret.
///
/// # Errors
/// When the secret is too short.
pub fn issue(secret: &str, claims: &Claims) -> Result<String, Error> {
    if secret.len() < 32 {
        return Err(Error::SecretTooShort(secret.len()));
    }
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .map_err(Error::Sign)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const FAR: i64 = 4_000_000_000;
    const NOW_S: i64 = 1_750_000_000;

    fn now() -> DateTime<Utc> {
        at(NOW_S)
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    async fn verified(claims: Value) -> Option<Claims> {
        let token = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(SECRET.as_bytes()),
        )
        .unwrap();
        Authenticator::hs256(SECRET).unwrap().verify(&token, now()).await
    }

    fn token_of(sub: &str, exp: i64) -> String {
        let claims =
            Claims { sub: sub.to_owned(), exp, name: None, account: 1, role: Role::Member };
        issue(SECRET, &claims).unwrap()
    }

    async fn remembered(authenticator: &Authenticator) -> u64 {
        authenticator.remembered.run_pending_tasks().await;
        authenticator.remembered.entry_count()
    }

    #[tokio::test]
    async fn a_token_runs_out_to_the_second_also_when_it_is_remembered() {
        let authenticator = Authenticator::hs256(SECRET).unwrap();
        let token = token_of("ann", NOW_S + 30);
        for (after_s, good) in [(0, true), (29, true), (30, false), (31, false)] {
            let verified = authenticator.verify(&token, at(NOW_S + after_s)).await;
            assert_eq!(verified.is_some(), good, "after {after_s} s");
        }
        let fresh = Authenticator::hs256(SECRET).unwrap();
        assert_eq!(fresh.verify(&token, at(NOW_S + 30)).await, None);
        assert!(fresh.verify(&token, at(NOW_S + 29)).await.is_some());
    }

    #[tokio::test]
    async fn a_good_token_is_remembered_and_a_bad_one_never() {
        let authenticator = Authenticator::hs256(SECRET).unwrap();
        let good = token_of("ann", FAR);
        let forged = format!("{}AAAA", &good[..good.len() - 4]);
        for bad in [&forged, &token_of("ann", NOW_S - 1), &token_of("", FAR), "not a token"] {
            for _ in 0..2 {
                assert_eq!(authenticator.verify(bad, now()).await, None, "{bad}");
            }
        }
        assert_eq!(remembered(&authenticator).await, 0);
        let first = authenticator.verify(&good, now()).await;
        assert_eq!(remembered(&authenticator).await, 1);
        assert_eq!(authenticator.verify(&good, now()).await, first);
        assert_eq!(authenticator.verify(&forged, now()).await, None);
    }

    #[tokio::test]
    async fn no_more_tokens_are_remembered_than_there_is_room_for() {
        let Authenticator { keys, .. } = Authenticator::hs256(SECRET).unwrap();
        let authenticator = Authenticator::new(keys, 10);
        for user in 0..100 {
            let token = token_of(&format!("user-{user}"), FAR);
            assert!(authenticator.verify(&token, now()).await.is_some());
        }
        assert!((1..=10).contains(&remembered(&authenticator).await));
    }

    #[tokio::test]
    async fn account_and_role_have_defaults() {
        let claims = verified(json!({"sub": "ann", "exp": FAR})).await.unwrap();
        assert_eq!((claims.account, claims.role), (1, Role::Member));
    }

    #[tokio::test]
    async fn claims_that_cannot_be_used_are_no_claims() {
        for claims in [
            json!({"exp": FAR}),
            json!({"sub": "ann"}),
            json!({"sub": "ann", "exp": 1}),
            json!({"sub": "", "exp": FAR}),
            json!({"sub": "x".repeat(257), "exp": FAR}),
            json!({"sub": "ann", "exp": FAR, "account": "1"}),
            json!({"sub": "ann", "exp": FAR, "account": 1.5}),
            json!({"sub": "ann", "exp": FAR, "role": "king"}),
        ] {
            assert_eq!(verified(claims.clone()).await, None, "{claims}");
        }
    }

    #[tokio::test]
    async fn another_secret_and_no_algorithm_are_refused() {
        let claims =
            Claims { sub: "ann".to_owned(), exp: FAR, name: None, account: 1, role: Role::Member };
        let other = issue("another-secret-another-secret-32", &claims).unwrap();
        let authenticator = Authenticator::hs256(SECRET).unwrap();
        assert_eq!(authenticator.verify(&other, now()).await, None);
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjQwMDAwMDAwMDB9.";
        assert_eq!(authenticator.verify(unsigned, now()).await, None);
        assert!(authenticator.verify(&issue(SECRET, &claims).unwrap(), now()).await.is_some());
    }

    const PROVIDER_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJiKx8fsoBJlSqlcWwcDfithpyNQl7tG+LxfxKp/iHAh
-----END PRIVATE KEY-----";

    fn signed_by_the_provider(kid: &str) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid.to_owned());
        let key = EncodingKey::from_ed_pem(PROVIDER_KEY.as_bytes()).unwrap();
        jsonwebtoken::encode(&header, &json!({"sub": "ann", "exp": FAR}), &key).unwrap()
    }

    type KeyNames = Arc<std::sync::Mutex<Vec<&'static str>>>;

    /// An identity provider that publishes its one key under these names, and counts who asks.
    async fn provider(names: KeyNames) -> (String, Arc<std::sync::atomic::AtomicU32>) {
        let asked = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counter = asked.clone();
        let keys = axum::routing::get(async move || {
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let key = |kid: &&str| {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid,
                    "x": "z5STuVi8A6EVvCTJsD0xLCHIjQyfDD5-2Ky7B6jNEH0"})
            };
            let keys: Vec<Value> = names.lock().unwrap().iter().map(key).collect();
            axum::Json(json!({ "keys": keys }))
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/keys", keys);
        tokio::spawn(async { axum::serve(listener, router).await });
        (url, asked)
    }

    #[tokio::test]
    async fn keys_of_an_identity_provider_are_fetched_and_kept() {
        let (url, asked) = provider(KeyNames::new(vec!["one"].into())).await;
        let authenticator = Authenticator::from_jwks_url(&url).unwrap();
        let good = signed_by_the_provider("one");
        assert_eq!(authenticator.verify(&good, now()).await.unwrap().sub, "ann");
        assert!(authenticator.verify(&good, now()).await.is_some());
        assert!(authenticator.verify(&signed_by_the_provider("two"), now()).await.is_none());
        assert!(authenticator.verify(&token_of("ann", FAR), now()).await.is_none());
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_withdrawn_key_stops_working_within_a_minute() {
        let names = KeyNames::new(vec!["one", "two"].into());
        let (url, _) = provider(names.clone()).await;
        let authenticator = Authenticator::from_jwks_url(&url).unwrap();
        let (withdrawn, kept) = (signed_by_the_provider("one"), signed_by_the_provider("two"));
        for token in [&withdrawn, &kept] {
            assert!(authenticator.verify(token, now()).await.is_some());
        }
        *names.lock().unwrap() = vec!["two"];
        // Asked for all the time, as by a program that polls.
        assert!(authenticator.verify(&withdrawn, at(NOW_S + 30)).await.is_some());
        assert_eq!(authenticator.verify(&withdrawn, at(NOW_S + 60)).await, None);
        assert!(authenticator.verify(&kept, at(NOW_S + 60)).await.is_some());
    }

    #[tokio::test]
    async fn a_provider_that_is_gone_withdraws_nothing() {
        let authenticator = Authenticator::from_jwks_url("http://127.0.0.1:9/keys").unwrap();
        let token = signed_by_the_provider("one");
        assert_eq!(authenticator.verify(&token, now()).await, None);
        let (url, _) = provider(KeyNames::new(vec!["one"].into())).await;
        let known = Authenticator::from_jwks_url(&url).unwrap();
        assert!(known.verify(&token, now()).await.is_some());
        let Keys::Set(set) = &known.keys else { unreachable!("made from a URL") };
        let keys = Keys::Set(set.moved_to("http://127.0.0.1:9/keys"));
        let moved = Authenticator { keys, ..known };
        assert!(moved.verify(&token, at(NOW_S + 3600)).await.is_some());
    }
}
