//! What the dialect's lists have in common; the query itself is parsed by `jsonapi/`.

use projections::views::{Choice, Column};
use uuid::Uuid;

use super::request::{Pulse, id};
use crate::edge::failure::{Failure, Source};
use crate::jsonapi::query::Query;

/// The chats of a page, in the requested order (default: the latest changed first).
pub(super) fn choice(request: &Pulse, query: &Query, column: fn(&str) -> Column) -> Choice {
    let order = query.sort.iter().map(|(name, descends)| (column(name), *descends)).collect();
    let (limit, offset) = (query.page.size, query.page.offset());
    Choice { kinds: request.views().kinds().to_vec(), order, limit, offset, ..Choice::default() }
}

/// The ids in a filter.
pub(super) fn ids<T: From<Uuid>>(name: &str, values: &[String]) -> Result<Vec<T>, Failure> {
    let wrong = |value| {
        Failure::bad_request(format!("filter[{name}] takes ids, not {value}"))
            .at(Source::Parameter(format!("filter[{name}]")))
    };
    values.iter().map(|value| id(value).map_err(|_| wrong(value))).collect()
}

/// Several filters on one attribute are combined with "and".
pub(super) fn narrow<T: PartialEq>(allowed: &mut Option<Vec<T>>, mut values: Vec<T>) {
    if let Some(allowed) = allowed {
        values.retain(|value| allowed.contains(value));
    }
    *allowed = Some(values);
}
