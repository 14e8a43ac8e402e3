use axum::Json;

use super::Error;
use super::object::Contact;
use super::paging::List;
use super::request::Protocol;
use crate::failure::Failure;

/// List the other users of the account, the latest registered first.
#[utoipa::path(get, path = "/contacts", tag = "Protocol",
    params(("limit" = Option<i64>, Query, description = "Items at most, 10 unless told, up to 100"),
           ("starting_after" = Option<String>, Query, description = "Id of the last item seen"),
           ("ending_before" = Option<String>, Query, description = "Id of the first item seen")),
    responses((status = 200, description = "A page", body = List<Contact>),
              (status = 400, description = "A parameter cannot be used", body = Error)))]
pub(super) async fn list(request: Protocol) -> Result<Json<List<Contact>>, Failure> {
    let paging = request.query().paging()?;
    let (views, account, user) = (request.views(), request.account(), request.user);
    let place = async |item| {
        let contact = views.contact(account, user, item).await?;
        Ok(contact.map(|contact| contact.user.id))
    };
    let cursor = paging.cursor(place).await?;
    let slice = views.contacts(account, user, cursor, paging.limit).await?;
    Ok(Json(List::new(slice)))
}
