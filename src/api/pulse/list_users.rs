use projections::views::Selection;

use super::Errors;
use super::request::{Pulse, ids};
use super::resource;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

const OFFER: Offer = Offer {
    includes: &[],
    sorts: &["name"],
    filters: &["id", "name", "username"],
    paged: true,
    own: &[],
};

/// List the users of the account, as they were registered.
#[utoipa::path(get, path = "/users", tag = "Pulse",
    params(("sort" = Option<String>, Query, description = "name or -name"),
           ("filter[name]" = Option<String>, Query, description = "value, eq:value or in:a,b; also id, username"),
           ("page[number]" = Option<i64>, Query, description = "From 1"),
           ("page[size]" = Option<i64>, Query, description = "25 unless told, up to 100")),
    responses((status = 200, description = "A page", content_type = "application/vnd.api+json"),
              (status = 400, description = "A parameter is unknown or cannot be used", body = Errors, content_type = "application/vnd.api+json")))]
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
