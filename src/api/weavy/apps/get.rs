use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

/// Get a conversation with all its members, a contextual chat also by its uid.
#[utoipa::path(get, path = "/apps/{id}",
    operation_id = "weavy.apps.get",
    params(("id" = String, Path,
            description = "Digits are an id, anything else a contextual chat's uid"),
           ("trashed" = Option<bool>, Query, description = "Also when it is in the trash")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn get(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let trashed_too = request.query().boolean("trashed", false)?;
    request.render(request.app_id(&id).await?, trashed_too).await
}
