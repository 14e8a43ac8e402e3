use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use domain::user::{Command, Refusal};
use event_store::CommandError;
use serde_json::json;

use super::profile;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::weavy::objects::User;
use crate::weavy::request::Weavy;

schema! {
    /// What the host system says of a user; what is left out stays.
    UserProfile = profile::schema(json!({ "name": "Bob" }))
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
    let profile = profile::read(&request.body()?)?;
    let update = Command::UpdateUser { profile: profile.clone() };
    let outcome = match profile::execute(&request, &uid, update).await {
        Err(CommandError::Refused(Refusal::UserUnknown)) => {
            let register = Command::RegisterUser { uid: uid.clone(), profile };
            profile::execute(&request, &uid, register).await?
        }
        outcome => outcome?,
    };
    profile::respond(&request, &uid, StatusCode::OK, outcome).await
}
