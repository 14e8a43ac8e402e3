use axum::extract::Path;

use super::shown::{OneContact, Shown};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Get a contact.
#[utoipa::path(get, path = "/{account_id}/contacts/{id}",
    operation_id = "chatwoot.contacts.get",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The contact")),
    responses((status = 200, description = "The contact", body = OneContact)))]
pub(super) async fn get(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    Ok(Shown::find(&request, number_in_path(&id)?).await?.render())
}
