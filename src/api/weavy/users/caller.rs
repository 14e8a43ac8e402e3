use axum::Json;

use crate::edge::failure::Failure;
use crate::weavy::objects::User;
use crate::weavy::request::Weavy;

/// Get the calling user.
#[utoipa::path(get, path = "/user",
    operation_id = "weavy.users.caller",
    responses((status = 200, description = "The user", body = User),
              (status = 403, description = "Service token")))]
pub(super) async fn caller(request: Weavy) -> Result<Json<User>, Failure> {
    request.user()?;
    let user = request.views().user_by_uid(request.account(), &request.caller.uid).await?;
    Ok(Json(User::new(&*user.ok_or_else(Failure::not_found)?, request.presence())))
}
