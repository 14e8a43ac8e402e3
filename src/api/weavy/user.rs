use projections::directory;

use super::Problem;
use super::object::User;
use super::request::Weavy;
use crate::answer::Answer;
use crate::failure::Failure;

/// Get the calling user.
#[utoipa::path(get, path = "/user", tag = "Weavy",
    responses((status = 200, description = "The user", body = User),
              (status = 403, description = "Service token", body = Problem)))]
pub(super) async fn user(request: Weavy) -> Result<Answer<User>, Failure> {
    request.user()?;
    let position = request.0.catch_up(&[directory::NAME]).await?;
    let (pool, caller) = (&request.0.state.pool, request.caller());
    let user = directory::by_uid(pool, caller.account, &caller.uid).await?;
    Ok(Answer::ok(position, user.ok_or_else(Failure::not_found)?.into()))
}
