use axum::Json;
use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::weavy::objects::User;
use crate::weavy::request::{Weavy, is_number};

/// Get a user, by id or uid.
#[utoipa::path(get, path = "/users/{user}",
    operation_id = "weavy.users.get",
    params(("user" = String, Path, description = "Digits are an id, anything else a uid")),
    responses((status = 200, description = "The user", body = User),
              (status = 403, description = "Not a service token"),
              (status = 404, description = "Unknown")))]
pub(super) async fn get(Path(user): Path<String>, request: Weavy) -> Result<Json<User>, Failure> {
    request.service()?;
    let (views, account) = (request.views(), request.account());
    let found = if is_number(&user) {
        match user.parse() {
            Ok(id) => views.user_by_id(account, id).await?,
            Err(_) => None,
        }
    } else if user.contains('\0') {
        None
    } else {
        views.user_by_uid(account, &user).await?
    };
    Ok(Json(User::new(&*found.ok_or_else(Failure::not_found)?, request.presence())))
}
