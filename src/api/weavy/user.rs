use axum::Json;

use super::object::User;
use super::request::Weavy;
use crate::edge::failure::Failure;

/// Get the calling user.
#[utoipa::path(get, path = "/user",
    operation_id = "weavy.users.caller",
    responses((status = 200, description = "The user", body = User),
              (status = 403, description = "Service token")))]
pub(super) async fn user(request: Weavy) -> Result<Json<User>, Failure> {
    request.user()?;
    let user = request.views().user_by_uid(request.account(), &request.caller.uid).await?;
    Ok(Json(User::new(&*user.ok_or_else(Failure::not_found)?)))
}
