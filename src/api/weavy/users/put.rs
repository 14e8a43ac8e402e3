use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde_json::json;

use super::profile;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::weavy::objects::User;
use crate::weavy::request::Weavy;

schema! {
    /// A user's profile, from the host system; fields left out stay.
    UserProfile = profile::schema(json!({ "name": "Bob" }))
}

/// Register a user, or update their profile.
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
    let profile = profile::read(&request.body()?)?;
    let outcome = profile::upsert(&request, &uid, profile).await?;
    profile::respond(&request, &uid, StatusCode::OK, outcome).await
}
