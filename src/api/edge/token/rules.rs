use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::AccountId;
use domain::user::{NAME_LENGTH_MAX, SYSTEM_UID, UID_LENGTH_MAX};
use serde_json::{Map, Value};

use super::{Claims, Role};

/// What a token must claim, and the names of its claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What `aud` must contain; `None` ignores `aud`.
    pub audience: Option<String>,
    /// What `iss` must be; `None` ignores `iss`.
    pub issuer: Option<String>,
    /// The name of the claim that holds the account.
    pub account_claim: String,
    /// The name of the claim that holds the role.
    pub role_claim: String,
    /// Allowed clock skew of the token's issuer, in seconds: `exp` counts that much later, `nbf`
    /// that much earlier.
    pub leeway_s: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            audience: None,
            issuer: None,
            account_claim: "account".to_owned(),
            role_claim: "role".to_owned(),
            leeway_s: 30,
        }
    }
}

/// Why a token is refused. Claims are checked only after the signature, so that these texts tell
/// nothing to whoever forges a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a signed JSON Web Token.
    #[error("malformed")]
    Malformed,
    /// Its header lists extensions that must be understood (RFC 7515, section 4.1.11); none are.
    #[error("crit not supported")]
    Critical,
    /// It names a key that the identity provider does not publish.
    #[error("unknown key")]
    KeyUnknown,
    /// The identity provider's keys have never been fetched, so the token cannot be verified yet.
    #[error("the identity provider's keys have not been fetched yet")]
    KeysMissing,
    /// The signature does not verify with the key, or uses another algorithm.
    #[error("wrong signature")]
    Signature,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// It was revoked.
    #[error("revoked")]
    Revoked,
    /// `nbf` is in the future.
    #[error("not yet valid")]
    NotYetValid,
    /// `aud` does not contain the configured audience.
    #[error("wrong audience")]
    Audience,
    /// `iss` is not the configured issuer.
    #[error("wrong issuer")]
    Issuer,
    /// A claim is missing or unusable.
    #[error("claim {0} missing or unusable")]
    Claim(Cow<'static, str>),
    /// Its `sub` is the uid that the log reserves for the system.
    #[error("claim sub reserved")]
    UidReserved,
}

impl Rules {
    /// Checks the claims of a token with a valid signature.
    pub(super) fn judge(
        &self,
        payload: &Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Result<Claims, Refusal> {
        let exp = time(payload, "exp")?.ok_or(Refusal::Claim("exp".into()))?;
        let nbf = time(payload, "nbf")?;
        if self.is_over(exp, now) {
            return Err(Refusal::Expired);
        }
        if nbf.is_some_and(|nbf| seconds(now) + f64::from(self.leeway_s) < nbf) {
            return Err(Refusal::NotYetValid);
        }
        if self.audience.as_ref().is_some_and(|wanted| !is_for(payload.get("aud"), wanted)) {
            return Err(Refusal::Audience);
        }
        if self.issuer.as_ref().is_some_and(|wanted| text(payload, "iss") != Some(wanted)) {
            return Err(Refusal::Issuer);
        }
        // Capped at now: a token issued by a clock that is ahead must not make later tokens look
        // older.
        let iat = payload.get("iat").and_then(Value::as_f64).map(|iat| iat.min(seconds(now)));
        Ok(Claims {
            sub: uid(payload)?,
            exp,
            iat,
            name: name(payload),
            account: self.account(payload)?,
            role: self.role(payload)?,
        })
    }

    /// Whether a token with this `exp` has expired. It expires at `exp` (RFC 7519, section 4.1.4)
    /// plus the leeway.
    pub(super) fn is_over(&self, exp: f64, now: DateTime<Utc>) -> bool {
        seconds(now) >= exp + f64::from(self.leeway_s)
    }

    /// When a token with this `exp` expires, leeway included.
    pub(super) fn ends_at(&self, exp: f64) -> DateTime<Utc> {
        let end = (exp + f64::from(self.leeway_s)) * 1e6;
        // Beyond chrono's range means never.
        DateTime::from_timestamp_micros(end as i64).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    fn account(&self, payload: &Map<String, Value>) -> Result<AccountId, Refusal> {
        let name = &self.account_claim;
        let Some(account) = payload.get(name) else { return Ok(AccountId::FIRST) };
        account.as_i64().map(AccountId::new).ok_or_else(|| Refusal::Claim(name.clone().into()))
    }

    fn role(&self, payload: &Map<String, Value>) -> Result<Role, Refusal> {
        let name = &self.role_claim;
        let Some(role) = payload.get(name) else { return Ok(Role::default()) };
        let role = role.as_str().and_then(|role| role.parse().ok());
        role.ok_or_else(|| Refusal::Claim(name.clone().into()))
    }
}

fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_micros() as f64 / 1e6
}

fn text<'a>(payload: &'a Map<String, Value>, claim: &str) -> Option<&'a str> {
    payload.get(claim).and_then(Value::as_str)
}

fn time(payload: &Map<String, Value>, claim: &'static str) -> Result<Option<f64>, Refusal> {
    let Some(value) = payload.get(claim) else { return Ok(None) };
    value.as_f64().map(Some).ok_or(Refusal::Claim(claim.into()))
}

/// Whether `aud`, one audience or a list of them (RFC 7519, section 4.1.3), contains the wanted
/// one.
fn is_for(audience: Option<&Value>, wanted: &str) -> bool {
    match audience {
        Some(Value::String(one)) => one == wanted,
        Some(Value::Array(several)) => several.iter().any(|one| one == wanted),
        _ => false,
    }
}

fn uid(payload: &Map<String, Value>) -> Result<String, Refusal> {
    let uid = text(payload, "sub").unwrap_or_default();
    if uid.trim().is_empty() || uid.chars().count() > UID_LENGTH_MAX || uid.contains('\0') {
        return Err(Refusal::Claim("sub".into()));
    }
    if uid == SYSTEM_UID {
        return Err(Refusal::UidReserved);
    }
    Ok(uid.to_owned())
}

/// The name to show. No token is refused for its name: a long one is cut, an unusable one is
/// ignored.
fn name(payload: &Map<String, Value>) -> Option<String> {
    let name = text(payload, "name")?;
    let is_shown = !name.trim().is_empty() && !name.contains('\0');
    is_shown.then(|| name.chars().take(NAME_LENGTH_MAX).collect())
}
