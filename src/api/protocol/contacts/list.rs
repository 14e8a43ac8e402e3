use axum::Json;

use crate::edge::failure::Failure;
use crate::protocol::objects::Contact;
use crate::protocol::query::{List, PagingParameters};
use crate::protocol::request::Protocol;

/// List the other users of the account, the latest registered first.
#[utoipa::path(get, path = "/contacts",
    operation_id = "protocol.contacts.list",
    params(PagingParameters),
    responses((status = 200, description = "A page", body = List<Contact>)))]
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
