use axum::Json;
use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::protocol::objects::Contact;
use crate::protocol::request::Protocol;

/// Get a user of the account, including the caller.
#[utoipa::path(get, path = "/contacts/{id}",
    operation_id = "protocol.contacts.get",
    params(("id" = String, Path, description = "An id or, if no user has that id, a uid")),
    responses((status = 200, description = "The contact", body = Contact),
              (status = 404, description = "Unknown")))]
pub(super) async fn get(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Json<Contact>, Failure> {
    let found = request.contacts(&[id]).await?[0];
    let contact = request.views().contact(request.account(), request.user, found).await?;
    Ok(Json(contact.ok_or_else(Failure::not_found)?.into()))
}
