use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::user::{self, Profile, User};
use event_store::{CommandError, Context, Surface};
use moka::future::Cache;
use projections::directory;
use uuid::Uuid;

use crate::State;
use crate::token::{Claims, Role};

/// Who calls, as their token says.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) account: i64,
    pub(crate) uid: String,
    pub(crate) name: Option<String>,
    pub(crate) role: Role,
}

impl Caller {
    /// The user; a service token has none.
    pub(crate) fn user(&self) -> Option<Uuid> {
        (self.role != Role::Service).then(|| domain::user_id(self.account, &self.uid))
    }
}

/// The caller that a request's access token names, if the token is good.
pub(crate) async fn authenticate(
    state: &State,
    headers: &HeaderMap,
    surface: Surface,
) -> Option<Caller> {
    let (scheme, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => given.trim().to_owned(),
        "basic" if surface == Surface::Protocol => password(given)?,
        _ => return None,
    };
    let Claims { sub, name, account, role, .. } = state.authenticator.verify(&token).await?;
    Some(Caller { account, uid: sub, name, role })
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
pub struct Seen(Cache<Uuid, Arc<(Option<String>, Role)>>);

impl Default for Seen {
    fn default() -> Self {
        let kept_for = Duration::from_secs(600);
        Self(Cache::builder().max_capacity(100_000).time_to_live(kept_for).build())
    }
}

/// Registers a user at the first sight of a token of theirs, and keeps name and role up to date.
pub(crate) async fn see(
    state: &State,
    caller: &Caller,
    context: &Context,
) -> Result<(), CommandError<user::Refusal>> {
    let Some(id) = caller.user() else { return Ok(()) };
    let sight = Arc::new((caller.name.clone(), caller.role));
    if state.seen.0.get(&id).await.is_some_and(|seen| seen == sight) {
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
    let outcome = match state.commands.execute::<User>(id, "UpdateUser", update, &context).await {
        Err(CommandError::Refused(user::Refusal::UserUnknown)) => {
            let again = profile.clone();
            let register = user::Command::RegisterUser { uid: caller.uid.clone(), profile };
            match state.commands.execute::<User>(id, "RegisterUser", register, &context).await {
                // Two first requests at once: the other one registered, with whatever its token said.
                Err(CommandError::Refused(user::Refusal::UserExists)) => {
                    let update = user::Command::UpdateUser { profile: again };
                    state.commands.execute::<User>(id, "UpdateUser", update, &context).await?
                }
                outcome => outcome?,
            }
        }
        outcome => outcome?,
    };
    let wait = Duration::from_secs(5);
    if state.progress.reached(&[directory::NAME], outcome.position, wait).await {
        state.seen.0.insert(id, sight).await;
    }
    Ok(())
}
