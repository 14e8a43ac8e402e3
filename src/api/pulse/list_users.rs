use projections::views::Selection;

use super::documents::User;
use super::request::{Pulse, ids};
use super::resource;
use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::Page;

const OFFER: Offer = Offer {
    includes: &[],
    sorts: &["name"],
    filters: &["id", "name", "username"],
    paged: true,
    own: &[],
};
offered!(OFFER);

/// List the users of the account, as they were registered.
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
    let resources = page.items.iter().map(resource::user).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}

/// Several filters on one attribute leave what all of them allow.
pub(super) fn narrow<T: PartialEq>(allowed: &mut Option<Vec<T>>, mut values: Vec<T>) {
    if let Some(allowed) = allowed {
        values.retain(|value| allowed.contains(value));
    }
    *allowed = Some(values);
}
