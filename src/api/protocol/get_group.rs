use axum::Json;
use axum::extract::Path;

use super::Error;
use super::object::Group;
use super::request::Protocol;
use crate::failure::Failure;

/// Get a group.
#[utoipa::path(get, path = "/groups/{id}", tag = "Protocol",
    params(("id" = String, Path, description = "The group")),
    responses((status = 200, description = "The group", body = Group),
              (status = 404, description = "Unknown, trashed, or the caller is not in it", body = Error)))]
pub(super) async fn get(Path(id): Path<String>, request: Protocol) -> Result<Json<Group>, Failure> {
    Ok(Json(request.group(&id).await?.into()))
}
