use axum::extract::Path;
use axum::http::StatusCode;

use super::{change, let_out, users_in_path};
use crate::edge::failure::Failure;
use crate::weavy::request::Weavy;

/// Leave a room or a contextual chat, or remove users from it: for its creator, administrators and
/// the host system.
#[utoipa::path(delete, path = "/apps/{id}/members/{users}",
    operation_id = "weavy.members.take_out",
    params(("id" = i64, Path, description = "The conversation"),
           ("users" = String, Path, description = "Ids and uids, with commas between them")),
    responses((status = 200, description = "They are no members"),
              (status = 400, description = "It is a private chat, whose members are fixed"),
              (status = 403, description = "A member who names another one"),
              (status = 404, description = "A user or the conversation is unknown, or the caller \
                                            is not in it")))]
pub(super) async fn take_out(
    Path((id, users)): Path<(String, String)>,
    request: Weavy,
) -> Result<StatusCode, Failure> {
    let users = users_in_path(&request, &users).await?;
    change(&request, &id, users, let_out).await
}
