use axum::extract::Path;
use axum::http::StatusCode;

use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::One;
use crate::pulse::body::User;
use crate::pulse::objects;
use crate::pulse::request::{Pulse, id};

/// Get a user of the account.
#[utoipa::path(get, path = "/users/{id}",
    operation_id = "pulse.users.get",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "The user", body = One<User>),
              (status = 404, description = "Unknown")))]
pub(super) async fn get(Path(user): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&Offer::default())?;
    let found = request.views().users_of(request.account(), &[id(&user)?]).await?;
    let user = found.first().ok_or_else(Failure::not_found)?;
    request.answer(StatusCode::OK, objects::user(user), &query).await
}
