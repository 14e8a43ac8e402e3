//! The directory, for the host system.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use domain::user::{Command, Profile, Refusal, User as Aggregate};
use event_store::{CommandError, Outcome};

use super::Problem;
use super::json::Object;
use super::object::{List, Rendered, User};
use super::request::Weavy;
use crate::failure::Failure;

/// List users, by name.
#[utoipa::path(get, path = "/users", tag = "Weavy",
    params(("q" = Option<String>, Query, description = "Part of the name or uid"),
           ("top" = Option<i64>, Query, description = "Items at most, 25 unless told, up to 100"),
           ("skip" = Option<i64>, Query, description = "Items to leave out at the start"),
           ("count" = Option<bool>, Query, description = "Whether to count the list"),
           ("count_only" = Option<bool>, Query, description = "Only count it")),
    responses((status = 200, description = "A page", body = List<User>),
              (status = 403, description = "Not a service token", body = Problem)))]
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
#[utoipa::path(get, path = "/users/{user}", tag = "Weavy",
    params(("user" = String, Path, description = "Digits are an id, anything else a uid")),
    responses((status = 200, description = "The user", body = User),
              (status = 404, description = "Unknown", body = Problem)))]
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

/// Register a user.
#[utoipa::path(post, path = "/users", tag = "Weavy",
    request_body(content = inline(serde_json::Value), description = "`uid` (required), `name`, `username`, `email`, `avatar_url`, `metadata`, `tags`",
                 example = json!({"uid": "bob", "name": "Bob"})),
    responses((status = 201, description = "The user", body = User),
              (status = 400, description = "uid missing, too long or taken", body = Problem),
              (status = 403, description = "Not a service token", body = Problem)))]
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
#[utoipa::path(put, path = "/users/{user}", tag = "Weavy",
    params(("user" = String, Path, description = "The uid")),
    request_body(content = inline(serde_json::Value), description = "`name`, `username`, `email`, `avatar_url`, `metadata`, `tags`",
                 example = json!({"name": "Bob"})),
    responses((status = 200, description = "The user", body = User),
              (status = 400, description = "A value cannot be used", body = Problem),
              (status = 403, description = "Not a service token", body = Problem)))]
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
