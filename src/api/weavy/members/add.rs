use axum::extract::Path;
use axum::http::StatusCode;

use super::{Users, change, let_in};
use crate::edge::failure::Failure;
use crate::weavy::request::Weavy;

/// Add users to a room or a contextual chat: for its members and the host system.
#[utoipa::path(post, path = "/apps/{id}/members",
    operation_id = "weavy.members.add",
    params(("id" = i64, Path, description = "The conversation")),
    request_body = Users,
    responses((status = 200, description = "They are members"),
              (status = 400, description = "A user is unknown, or it is a private chat, whose \
                                            members are fixed"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn add(Path(id): Path<String>, request: Weavy) -> Result<StatusCode, Failure> {
    let users = request.users_in_body().await?;
    change(&request, &id, users, let_in).await
}
