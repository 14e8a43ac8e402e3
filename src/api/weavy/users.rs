//! The directory, for the host system.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use domain::limits::{AVATAR_URL_LENGTH_MAX, EMAIL_LENGTH_MAX};
use domain::user::{Command, NAME_LENGTH_MAX, Profile, Refusal, UID_LENGTH_MAX, User as Aggregate};
use event_store::{CommandError, Outcome};
use serde_json::{Value, json};

use super::json::Object;
use super::object::{List, Rendered, User};
use super::query::PagingParameters;
use super::request::Weavy;
use crate::description::{parts, schema};
use crate::edge::failure::Failure;

/// List users, by name.
#[utoipa::path(get, path = "/users",
    operation_id = "weavy.users.list",
    params(("q" = Option<String>, Query, description = "Part of the name or uid"),
           PagingParameters),
    responses((status = 200, description = "A page", body = List<User>),
              (status = 403, description = "Not a service token")))]
pub(super) async fn list(request: Weavy) -> Result<Rendered, Failure> {
    request.service()?;
    let query = request.query();
    let paging = query.paging()?;
    let top = if paging.count_only { 0 } else { paging.top };
    let q = query.text("q")?;
    let page = request.views().users(request.account(), q, top, paging.skip).await?;
    Ok(Rendered::new(&List::new(&page, &paging, User::new)))
}

/// Get a user, by id or uid.
#[utoipa::path(get, path = "/users/{user}",
    operation_id = "weavy.users.get",
    params(("user" = String, Path, description = "Digits are an id, anything else a uid")),
    responses((status = 200, description = "The user", body = User),
              (status = 403, description = "Not a service token"),
              (status = 404, description = "Unknown")))]
pub(super) async fn get(Path(user): Path<String>, request: Weavy) -> Result<Json<User>, Failure> {
    request.service()?;
    let (views, account) = (request.views(), request.account());
    let found = if user.bytes().all(|byte| byte.is_ascii_digit()) {
        match user.parse() {
            Ok(id) => views.user_by_id(account, id).await?,
            Err(_) => None,
        }
    } else if user.contains('\0') {
        None
    } else {
        views.user_by_uid(account, &user).await?
    };
    Ok(Json(User::new(&*found.ok_or_else(Failure::not_found)?)))
}

fn user_profile(example: Value) -> Value {
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

schema! {
    /// What the host system says of a user; what is left out stays.
    UserProfile = user_profile(json!({ "name": "Bob" }))
}

schema! {
    /// A user of the host system.
    NewUser = {
        let mut user = user_profile(json!({ "uid": "bob", "name": "Bob" }));
        user["properties"]["uid"] = parts::required_text(UID_LENGTH_MAX);
        user["required"] = json!(["uid"]);
        user
    }
}

/// Register a user.
#[utoipa::path(post, path = "/users",
    operation_id = "weavy.users.create",
    request_body = NewUser,
    responses((status = 201, description = "The user", body = User),
              (status = 400, description = "uid missing, too long or taken"),
              (status = 403, description = "Not a service token")))]
pub(super) async fn create(request: Weavy) -> Result<(StatusCode, Json<User>), Failure> {
    request.service()?;
    let body = request.body()?;
    let uid = body.text("uid")?.ok_or_else(|| Failure::bad_request("uid must be given"))?;
    let uid = uid.as_str().to_owned();
    let profile = profile(&body)?;
    let outcome =
        execute(&request, &uid, Command::RegisterUser { uid: uid.clone(), profile }).await?;
    answer(&request, &uid, StatusCode::CREATED, outcome).await
}

/// Register a user, or change their entry.
#[utoipa::path(put, path = "/users/{user}",
    operation_id = "weavy.users.put",
    params(("user" = String, Path, description = "The uid")),
    request_body = UserProfile,
    responses((status = 200, description = "The user", body = User),
              (status = 400, description = "A value cannot be used"),
              (status = 403, description = "Not a service token")))]
pub(super) async fn put(
    Path(uid): Path<String>,
    request: Weavy,
) -> Result<(StatusCode, Json<User>), Failure> {
    request.service()?;
    if uid.contains('\0') {
        return Err(Failure::bad_request("uid must not contain U+0000"));
    }
    let profile = profile(&request.body()?)?;
    let update = Command::UpdateUser { profile: profile.clone() };
    let outcome = match execute(&request, &uid, update).await {
        Err(CommandError::Refused(Refusal::UserUnknown)) => {
            execute(&request, &uid, Command::RegisterUser { uid: uid.clone(), profile }).await?
        }
        outcome => outcome?,
    };
    answer(&request, &uid, StatusCode::OK, outcome).await
}

async fn execute(
    request: &Weavy,
    uid: &str,
    command: Command,
) -> Result<Outcome, CommandError<Refusal>> {
    let id = domain::user_id(request.account(), uid);
    request.services.commands.execute::<Aggregate>(id, command, &request.context).await
}

async fn answer(
    request: &Weavy,
    uid: &str,
    status: StatusCode,
    outcome: Outcome,
) -> Result<(StatusCode, Json<User>), Failure> {
    request.wait_for(&outcome).await?;
    let user = request.views().user_by_uid(request.account(), uid).await?;
    Ok((status, Json(User::new(&*user.ok_or_else(Failure::not_found)?))))
}

fn profile(body: &Object) -> Result<Profile, Failure> {
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
