use projections::views::Selection;

use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::Page;
use crate::pulse::body::User;
use crate::pulse::objects;
use crate::pulse::query::{ids, narrow};
use crate::pulse::request::Pulse;

const OFFER: Offer = Offer {
    includes: &[],
    sorts: &["name"],
    filters: &["id", "name", "username"],
    paged: true,
    own: &[],
};
offered!(OFFER);

/// List the users of the account, in the order of their registration.
#[utoipa::path(get, path = "/users",
    operation_id = "pulse.users.list",
    params(Parameters),
    responses((status = 200, description = "A page", body = Page<User>)))]
pub(super) async fn list(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let mut selection = Selection {
        by_name: query.sort.first().map(|(_, descends)| *descends),
        limit: query.page.size,
        offset: query.page.offset(),
        ..Selection::default()
    };
    for (name, values) in &query.filters {
        match name.as_str() {
            "id" => narrow(&mut selection.uuids, ids(name, values)?),
            "name" => narrow(&mut selection.names, values.clone()),
            _ => narrow(&mut selection.uids, values.clone()),
        }
    }
    let page = request.views().select_users(request.account(), &selection).await?;
    let resources = page.items.iter().map(objects::user).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}
