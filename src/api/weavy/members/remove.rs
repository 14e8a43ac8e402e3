use axum::extract::Path;
use axum::http::StatusCode;

use super::{Users, change, let_out};
use crate::edge::failure::Failure;
use crate::weavy::request::Weavy;

/// Leave a room or a contextual chat, or remove users from it: for its creator, administrators and
/// the host system.
#[utoipa::path(delete, path = "/apps/{id}/members",
    operation_id = "weavy.members.remove",
    params(("id" = i64, Path, description = "The conversation")),
    request_body = Users,
    responses((status = 200, description = "They are no members"),
              (status = 400, description = "A user is unknown, or it is a private chat, whose \
                                            members are fixed"),
              (status = 403, description = "A member who names another one"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn remove(Path(id): Path<String>, request: Weavy) -> Result<StatusCode, Failure> {
    let users = request.users_in_body().await?;
    change(&request, &id, users, let_out).await
}
