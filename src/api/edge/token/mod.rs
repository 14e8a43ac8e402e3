//! Access tokens: JSON Web Tokens (RFC 7519) of the host system or of `colloquy token`.
//!
//! [`Rules`] says what a token must claim, [`Authenticator`] verifies tokens, `keys` holds an
//! identity provider's keys, and `fetch` fetches them in the background: no request waits for the
//! provider, except for [a moment](keys::PATIENCE) when a token names an unknown key.
//!
//! Deliberately not here: users (see `caller.rs`) and how a refusal is rendered (see
//! `challenge.rs`).

mod authenticator;
mod fetch;
mod keys;
#[cfg(test)]
mod provider_tests;
mod rules;
mod signatures;
#[cfg(test)]
mod tests;

use std::str::FromStr;
use std::sync::Arc;

use domain::AccountId;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Number, Value};

pub use authenticator::Authenticator;
pub use rules::{Refusal, Rules};

/// The role of a token's bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// An ordinary user.
    #[default]
    Member,
    /// A support agent.
    Agent,
    /// An account's administrator.
    Administrator,
    /// A program that takes part in conversations.
    Bot,
    /// The host system itself, which is not a user.
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

/// The text names no role.
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

/// The claims that are used. Times are Unix seconds and may have a fraction (RFC 7519, section 2).
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// The user's uid in the host system, 1 to 256 characters.
    pub sub: String,
    /// When the token expires.
    pub exp: f64,
    /// When the token was issued, if it says.
    pub iat: Option<f64>,
    /// The name to show, at most 256 characters.
    pub name: Option<String>,
    pub account: AccountId,
    /// What the bearer may do.
    pub role: Role,
}

/// Why tokens cannot be verified or issued.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The secret is short enough to be guessed.
    #[error("COLLOQUY_JWT_SECRET has {0} bytes: expected 32 or more")]
    SecretTooShort(usize),
    /// Not a PEM public key for RS256, ES256 or EdDSA.
    #[error("COLLOQUY_JWT_PUBLIC_KEY is no PEM public key (RSA, P-256 or Ed25519)")]
    KeyUnusable,
    /// No HTTP client could be made for the key set.
    #[error("cannot prepare to fetch COLLOQUY_JWKS_URL")]
    Client(#[source] reqwest::Error),
    /// Signing failed.
    #[error("cannot sign a token")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// Issues tokens signed with the shared secret.
#[derive(Clone)]
pub struct Issuer {
    secret: Arc<str>,
    rules: Rules,
}

impl Issuer {
    /// With the secret that tokens are verified with.
    pub fn new(secret: &str, rules: Rules) -> Self {
        Self { secret: secret.into(), rules }
    }

    /// Signs a token.
    ///
    /// # Errors
    /// When the secret is too short.
    pub fn issue(&self, claims: &Claims) -> Result<String, Error> {
        issue(&self.secret, claims, &self.rules)
    }
}

/// Signs a token with a shared secret, in conformance with the rules.
///
/// # Errors
/// When the secret is too short.
pub fn issue(secret: &str, claims: &Claims, rules: &Rules) -> Result<String, Error> {
    if secret.len() < 32 {
        return Err(Error::SecretTooShort(secret.len()));
    }
    let mut payload = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            payload.insert(name.to_owned(), value);
        }
    };
    put("sub", Some(claims.sub.clone().into()));
    put("exp", Some(seconds(claims.exp)));
    put("iat", claims.iat.map(seconds));
    put("name", claims.name.clone().map(Value::from));
    put("aud", rules.audience.clone().map(Value::from));
    put("iss", rules.issuer.clone().map(Value::from));
    put(&rules.account_claim, Some(claims.account.get().into()));
    put(&rules.role_claim, Some(claims.role.as_str().into()));
    signatures::use_ring();
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &payload, &key).map_err(Error::Sign)
}

/// Written as an integer where possible: not every reader expects a fraction.
fn seconds(time: f64) -> Value {
    let whole = time as i64;
    if whole as f64 == time {
        return whole.into();
    }
    Number::from_f64(time).map_or(Value::Null, Value::from)
}
