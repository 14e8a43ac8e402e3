use axum::Json;
use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::protocol::objects::Group;
use crate::protocol::request::Protocol;

/// Get a group.
#[utoipa::path(get, path = "/groups/{id}",
    operation_id = "protocol.groups.get",
    params(("id" = String, Path, description = "The group")),
    responses((status = 200, description = "The group", body = Group),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn get(Path(id): Path<String>, request: Protocol) -> Result<Json<Group>, Failure> {
    Ok(Json(request.group(&id).await?.into()))
}
