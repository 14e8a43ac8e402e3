use axum::extract::Path;
use axum::http::StatusCode;

use super::{change, let_in, users_in_path};
use crate::edge::failure::Failure;
use crate::weavy::request::Weavy;

/// Add users to a room or a contextual chat: for its members and the host system.
#[utoipa::path(put, path = "/apps/{id}/members/{users}",
    operation_id = "weavy.members.put",
    params(("id" = i64, Path, description = "The conversation"),
           ("users" = String, Path, description = "Ids and uids, with commas between them")),
    responses((status = 200, description = "They are members"),
              (status = 400, description = "It is a private chat, whose members are fixed"),
              (status = 404, description = "A user or the conversation is unknown, or the caller \
                                            is not in it")))]
pub(super) async fn put(
    Path((id, users)): Path<(String, String)>,
    request: Weavy,
) -> Result<StatusCode, Failure> {
    let users = users_in_path(&request, &users).await?;
    change(&request, &id, users, let_in).await
}
