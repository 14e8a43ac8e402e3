use super::page::{self, ContactPage, PageParameters};
use crate::chatwoot::error::missing;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Search contacts by part of their name, e-mail address, phone number or identifier, ignoring
/// case, the newest first.
#[utoipa::path(get, path = "/{account_id}/contacts/search",
    operation_id = "chatwoot.contacts.search",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("q" = String, Query, description = "The part"),
           PageParameters),
    responses((status = 200, description = "A page", body = ContactPage),
              (status = 400, description = "page is no positive integer"),
              (status = 422, description = "q is missing or blank")))]
pub(super) async fn search(request: Chatwoot) -> Result<Rendered, Failure> {
    let mut query = request.query();
    let page = page::number(&mut query);
    let q = query.word("q");
    query.check()?;
    page::render(&request, Some(&q.ok_or_else(|| missing("q"))?), page).await
}
