use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use domain::user::{self, Profile, User};
use event_store::{CommandError, Context, Surface};
use moka::future::Cache;
use uuid::Uuid;

use crate::Services;
use crate::token::{Claims, Role};

/// Who calls, as their token says.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) account: i64,
    pub(crate) uid: String,
    pub(crate) name: Option<String>,
    pub(crate) role: Role,
    user: Option<Uuid>,
}

impl Caller {
    /// The user; a service token has none.
    pub(crate) fn user(&self) -> Option<Uuid> {
        self.user
    }
}

/// The caller that a request's access token names, if the token is good.
pub(crate) async fn authenticate(
    services: &Services,
    headers: &HeaderMap,
    surface: Surface,
) -> Option<Caller> {
    let (scheme, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = if scheme.eq_ignore_ascii_case("bearer") {
        Cow::Borrowed(given.trim())
    } else if surface == Surface::Protocol && scheme.eq_ignore_ascii_case("basic") {
        Cow::Owned(password(given)?)
    } else {
        return None;
    };
    let claims = services.authenticator.verify(&token, now()).await?;
    let Claims { sub: uid, name, account, role, .. } = claims;
    let user = (role != Role::Service).then(|| domain::user_id(account, &uid));
    Some(Caller { account, uid, name, role, user })
}

#[expect(clippy::disallowed_methods, reason = "the edge: a token is judged when it arrives")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The password of HTTP Basic (RFC 7617); the user name before it is not looked at.
fn password(credentials: &str) -> Option<String> {
    let decoded = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(password.to_owned())
}

/// Users whose name and role, as their newest token has them, are in the directory. It only saves look-ups:
/// what is not in here is looked up and, if it differs, recorded.
#[derive(Debug, Clone)]
pub struct Seen(Cache<Uuid, Arc<Sight>>);

/// A user's name and role, as a token had them.
#[derive(Debug)]
struct Sight {
    name: Option<String>,
    role: Role,
}

impl Sight {
    fn is_of(&self, caller: &Caller) -> bool {
        self.name == caller.name && self.role == caller.role
    }
}

impl Default for Seen {
    fn default() -> Self {
        let kept_for = Duration::from_secs(600);
        Self(Cache::builder().max_capacity(100_000).time_to_live(kept_for).build())
    }
}

/// Registers a user at the first sight of a token of theirs, and keeps name and role up to date.
pub(crate) async fn see(
    services: &Services,
    caller: &Caller,
    context: &Context,
) -> Result<(), CommandError<user::Refusal>> {
    let Some(id) = caller.user() else { return Ok(()) };
    if services.seen.0.get(&id).await.is_some_and(|sight| sight.is_of(caller)) {
        return Ok(());
    }
    let profile = Profile {
        name: caller.name.as_deref().map(Into::into),
        role: Some(caller.role.as_str().to_owned()),
        ..Profile::default()
    };
    // The registration is not what the request's idempotency key stands for.
    let context = Context { metadata: context.metadata.clone(), idempotency: None };
    let update = user::Command::UpdateUser { profile: profile.clone() };
    let outcome = match services.commands.execute::<User>(id, update, &context).await {
        Err(CommandError::Refused(user::Refusal::UserUnknown)) => {
            let again = profile.clone();
            let register = user::Command::RegisterUser { uid: caller.uid.clone(), profile };
            match services.commands.execute::<User>(id, register, &context).await {
                // Two first requests at once: the other one registered, with whatever its token said.
                Err(CommandError::Refused(user::Refusal::UserExists)) => {
                    let update = user::Command::UpdateUser { profile: again };
                    services.commands.execute::<User>(id, update, &context).await?
                }
                outcome => outcome?,
            }
        }
        outcome => outcome?,
    };
    let wait = Duration::from_secs(5);
    if services.views.progress().wait_for(outcome.position, wait).await {
        let sight = Sight { name: caller.name.clone(), role: caller.role };
        services.seen.0.insert(id, Arc::new(sight)).await;
    }
    Ok(())
}
