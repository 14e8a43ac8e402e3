//! A user's profile as the host system gives it, for new and for known users.

use axum::Json;
use axum::http::StatusCode;
use domain::limits::{AVATAR_URL_LENGTH_MAX, EMAIL_LENGTH_MAX};
use domain::user::{Command, NAME_LENGTH_MAX, Profile, Refusal, User as Aggregate};
use event_store::{CommandError, Outcome};
use serde_json::{Value, json};

use crate::description::parts;
use crate::edge::failure::Failure;
use crate::weavy::body::Object;
use crate::weavy::objects::User;
use crate::weavy::request::Weavy;

pub(super) fn schema(example: Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": parts::text(NAME_LENGTH_MAX),
            "username": parts::text(NAME_LENGTH_MAX),
            "email": parts::text(EMAIL_LENGTH_MAX),
            "avatar_url": parts::text(AVATAR_URL_LENGTH_MAX),
            "metadata": parts::metadata(),
            "tags": parts::tags(),
        },
        "example": example,
    })
}

pub(super) fn read(body: &Object) -> Result<Profile, Failure> {
    Ok(Profile {
        name: body.text("name")?,
        username: body.text("username")?,
        email: body.text("email")?,
        avatar_url: body.text("avatar_url")?,
        role: None,
        metadata: body.object("metadata")?.map(Into::into),
        tags: body.strings("tags")?.map(Into::into),
    })
}

pub(super) async fn execute(
    request: &Weavy,
    uid: &str,
    command: Command,
) -> Result<Outcome, CommandError<Refusal>> {
    let id = domain::user_id(request.account(), uid);
    request.services.commands.execute::<Aggregate>(id, command, &request.context).await
}

/// Registers a user, or updates their profile.
pub(super) async fn upsert(
    request: &Weavy,
    uid: &str,
    profile: Profile,
) -> Result<Outcome, Failure> {
    if uid.contains('\0') {
        return Err(Failure::bad_request("uid must not contain U+0000"));
    }
    let update = || execute(request, uid, Command::UpdateUser { profile: profile.clone() });
    match update().await {
        Err(CommandError::Refused(Refusal::UserUnknown)) => {}
        outcome => return Ok(outcome?),
    }
    let register = Command::RegisterUser { uid: uid.to_owned(), profile: profile.clone() };
    match execute(request, uid, register).await {
        // Another request was first.
        Err(CommandError::Refused(Refusal::UserExists)) => Ok(update().await?),
        outcome => Ok(outcome?),
    }
}

pub(super) async fn respond(
    request: &Weavy,
    uid: &str,
    status: StatusCode,
    outcome: Outcome,
) -> Result<(StatusCode, Json<User>), Failure> {
    request.wait_for(&outcome).await?;
    let user = request.views().user_by_uid(request.account(), uid).await?;
    Ok((status, Json(User::new(&*user.ok_or_else(Failure::not_found)?, request.presence()))))
}
