//! Pages of contacts.

use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use crate::chatwoot::objects::{Contact, contact};
use crate::chatwoot::query::Query;
use crate::chatwoot::request::Chatwoot;
use crate::description::parts;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

const PAGE_SIZE: i64 = 15;
/// Larger page numbers count as this; no offset overflows.
const PAGE_MAX: i64 = i64::MAX / PAGE_SIZE;

/// A page of contacts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContactPage<'a> {
    meta: ContactPageMeta,
    payload: Vec<Contact<'a>>,
}

/// The position of a page.
#[derive(Debug, Serialize, ToSchema)]
struct ContactPageMeta {
    /// Contacts on all pages together.
    count: i64,
    current_page: i64,
}

/// The parameter that [`number`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is described, and read without it")]
pub(super) struct PageParameters {
    #[param(schema_with = pages)]
    page: Option<i64>,
}

fn pages() -> RefOr<Schema> {
    parts::natural(1, 1, "Which page, of 15 contacts each")
}

/// The number of the requested page.
pub(super) fn number(query: &mut Query) -> i64 {
    query.positive("page", PAGE_MAX).unwrap_or(1)
}

/// Renders a page of all contacts, or of those that match `q`.
pub(super) async fn render(
    request: &Chatwoot,
    q: Option<&str>,
    page: i64,
) -> Result<Rendered, Failure> {
    let offset = (page - 1) * PAGE_SIZE;
    let found = request.views().support_contacts(request.account(), q, PAGE_SIZE, offset).await?;
    let payload: Vec<_> = found.items.iter().map(contact).collect();
    let meta = ContactPageMeta { count: found.total.unwrap_or(0), current_page: page };
    Ok(Rendered::new(&ContactPage { meta, payload }))
}
