use super::page::{self, ContactPage, PageParameters};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// List contacts, the newest first.
#[utoipa::path(get, path = "/{account_id}/contacts",
    operation_id = "chatwoot.contacts.list",
    params(("account_id" = i64, Path, description = "The caller's account"),
           PageParameters),
    responses((status = 200, description = "A page", body = ContactPage),
              (status = 400, description = "page is no positive integer")))]
pub(super) async fn list(request: Chatwoot) -> Result<Rendered, Failure> {
    let mut query = request.query();
    let page = page::number(&mut query);
    query.check()?;
    page::render(&request, None, page).await
}
