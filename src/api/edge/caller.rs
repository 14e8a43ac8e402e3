use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use domain::{AccountId, UserId};

use super::dialect::Credentials;
use super::token::{Claims, Refusal, Role};
use crate::Services;

/// The authenticated caller, as their token describes them.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) uid: String,
    pub(crate) name: Option<String>,
    pub(crate) role: Role,
    /// When the token was issued, in Unix seconds; `None` if the token does not say.
    pub(crate) issued_at: Option<f64>,
    /// When the token expires.
    pub(crate) until: DateTime<Utc>,
    user: Option<UserId>,
}

impl Caller {
    #[cfg(test)]
    pub(crate) fn member(
        account: AccountId,
        uid: &str,
        name: Option<&str>,
        issued_at: Option<f64>,
    ) -> Self {
        let (role, user) = (Role::Member, Some(domain::user_id(account, uid)));
        let name = name.map(str::to_owned);
        let until = DateTime::<Utc>::MAX_UTC;
        Self { account, uid: uid.to_owned(), name, role, issued_at, until, user }
    }

    /// The user; `None` for a service token.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.user
    }
}

/// Verifies a request's access token and returns its caller.
///
/// # Errors
/// Why the token is refused; `None` when the request has no token of an accepted scheme.
pub(crate) async fn authenticate(
    services: &Services,
    headers: &HeaderMap,
    accepted: &[Credentials],
) -> Result<Caller, Option<Refusal>> {
    let caller = identify(services, headers, accepted).await?;
    if let Some(user) = caller.user() {
        services.revocations.wait_until_fresh().await;
        if services.revocations.concern(user, caller.issued_at) {
            return Err(Some(Refusal::Revoked));
        }
    }
    Ok(caller)
}

/// As [`authenticate`], without the check for revocation, which concerns users' tokens only.
async fn identify(
    services: &Services,
    headers: &HeaderMap,
    accepted: &[Credentials],
) -> Result<Caller, Option<Refusal>> {
    let given = accepted.iter().find_map(|accepted| Some((accepted, given(*accepted, headers)?)));
    let token = match given.ok_or(None)? {
        (Credentials::Bearer | Credentials::Header(_), token) => Cow::Borrowed(token.trim()),
        (Credentials::Basic, given) => Cow::Owned(password(given).ok_or(Refusal::Malformed)?),
    };
    let claims = services.authenticator.verify(&token, now()).await?;
    let until = services.authenticator.ends_at(&claims);
    let Claims { sub: uid, name, account, role, iat: issued_at, .. } = claims;
    let user = (role != Role::Service).then(|| domain::user_id(account, &uid));
    Ok(Caller { account, uid, name, role, issued_at, until, user })
}

/// The value that a request carries for one kind of credentials.
fn given(accepted: Credentials, headers: &HeaderMap) -> Option<&str> {
    if let Credentials::Header(name) = accepted {
        let is_meant = |given: &HeaderName| given.as_str().replace('-', "_") == name;
        let mut values = headers.iter().filter(|(given, _)| is_meant(given));
        return values.find_map(|(_, value)| value.to_str().ok().filter(|text| !text.is_empty()));
    }
    let (scheme, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(accepted.scheme()).then_some(given)
}

/// Whether a request comes from the operator, that is, carries a service token of the first
/// account. Other accounts are host systems, which must not learn from the server's state how busy
/// the others are.
pub(crate) async fn is_operator(services: &Services, headers: &HeaderMap) -> bool {
    let caller = identify(services, headers, &[Credentials::Bearer]).await;
    caller.is_ok_and(|caller| caller.role == Role::Service && caller.account == AccountId::FIRST)
}

#[expect(clippy::disallowed_methods, reason = "the edge: a token is judged when it arrives")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The password of HTTP Basic (RFC 7617); the user name before it is ignored.
fn password(credentials: &str) -> Option<String> {
    let decoded = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}
