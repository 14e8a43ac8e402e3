//! Access tokens: JSON Web Tokens (RFC 7519) of the host system or of `colloquy token`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

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

/// Judges tokens.
#[derive(Clone)]
pub struct Authenticator(Keys);

#[derive(Clone)]
enum Keys {
    One(Key),
    Set(KeySet),
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
        Ok(Self(Keys::Set(KeySet::new(url).map_err(Error::Client)?)))
    }

    fn one(key: DecodingKey, algorithm: Algorithm) -> Self {
        Self(Keys::One(Key { key: Arc::new(key), algorithm }))
    }

    /// The claims of a good token; none of any other, whatever is wrong with it.
    pub async fn verify(&self, token: &str) -> Option<Claims> {
        let Key { key, algorithm } = match &self.0 {
            Keys::One(key) => key.clone(),
            Keys::Set(set) => {
                let header = jsonwebtoken::decode_header(token).ok()?;
                set.key(header.kid.as_deref()).await?
            }
        };
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        validation.validate_aud = false;
        let claims: Claims = jsonwebtoken::decode(token, &key, &validation).ok()?.claims;
        let fits = |text: &str, min: usize| {
            (min..=domain::user::UID_LENGTH_MAX).contains(&text.chars().count())
                && !text.contains('\0')
        };
        let usable = fits(&claims.sub, 1)
            && !claims.sub.trim().is_empty()
            && claims.name.as_deref().is_none_or(|name| fits(name, 0));
        usable.then_some(claims)
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

    async fn verified(claims: Value) -> Option<Claims> {
        let token = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(SECRET.as_bytes()),
        )
        .unwrap();
        Authenticator::hs256(SECRET).unwrap().verify(&token).await
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
        assert_eq!(authenticator.verify(&other).await, None);
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjQwMDAwMDAwMDB9.";
        assert_eq!(authenticator.verify(unsigned).await, None);
        assert!(authenticator.verify(&issue(SECRET, &claims).unwrap()).await.is_some());
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

    #[tokio::test]
    async fn keys_of_an_identity_provider_are_fetched_and_kept() {
        let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one",
            "x": "z5STuVi8A6EVvCTJsD0xLCHIjQyfDD5-2Ky7B6jNEH0"}]});
        let asked = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counter = asked.clone();
        let provider = axum::Router::new().route(
            "/keys",
            axum::routing::get(async move || {
                counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                axum::Json(set)
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, provider).await });

        let authenticator = Authenticator::from_jwks_url(&url).unwrap();
        let good = signed_by_the_provider("one");
        assert_eq!(authenticator.verify(&good).await.unwrap().sub, "ann");
        assert!(authenticator.verify(&good).await.is_some());
        assert!(authenticator.verify(&signed_by_the_provider("two")).await.is_none());
        let symmetric = issue(
            SECRET,
            &Claims { sub: "ann".to_owned(), exp: FAR, name: None, account: 1, role: Role::Member },
        );
        assert!(authenticator.verify(&symmetric.unwrap()).await.is_none());
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
