use domain::PublicId;
use projections::{Cursor, Slice};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::id;
use crate::description::parts;
use crate::edge::failure::Failure;

const LIMIT_DEFAULT: i64 = 10;
/// Most items of a page; a larger limit counts as this.
const LIMIT_MAX: i64 = 100;

/// The parameters that [`Query::paging`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is described, and read without it")]
pub(super) struct PagingParameters {
    #[param(schema_with = limit)]
    limit: Option<i64>,
    /// Id of the last item seen; not together with `ending_before`.
    starting_after: Option<String>,
    /// Id of the first item seen.
    ending_before: Option<String>,
}

fn limit() -> RefOr<Schema> {
    parts::natural(1, LIMIT_DEFAULT, "Page size, 1 to 100 (default 10); more counts as 100")
}

/// Query parameters: names are exact, an empty value counts as absent, and a parameter that is read
/// is refused if it is given twice.
pub(super) struct Query(Vec<(String, String)>);

/// The requested part of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paging {
    pub(super) limit: i64,
    from: Option<(&'static str, String)>,
}

/// Part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T: ToSchema> {
    /// Whether there are more items in the direction of paging.
    has_more: bool,
    data: Vec<T>,
}

impl<T: ToSchema> List<T> {
    pub(super) fn new<I: Into<T>>(slice: Slice<I>) -> Self {
        let data = slice.items.into_iter().map(Into::into).collect();
        Self { has_more: slice.has_more, data }
    }
}

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        let mut given = self.0.iter().filter(|(key, _)| key == name);
        match (given.next(), given.next()) {
            (_, Some(_)) => Err(Failure::bad_request(format!("{name} must be given once"))),
            (given, None) => {
                Ok(given.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()))
            }
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.text(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Failure::bad_request(format!("{name} must be true or false"))),
        }
    }

    pub(super) fn paging(&self) -> Result<Paging, Failure> {
        let wrong = || Failure::bad_request("limit must be an integer, 1 or greater");
        let limit = match self.text("limit")? {
            None => LIMIT_DEFAULT,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                // Saturates: a number beyond the type is beyond the maximum.
                digits.parse().unwrap_or(LIMIT_MAX)
            }
            Some(_) => return Err(wrong()),
        };
        if limit < 1 {
            return Err(wrong());
        }
        let cursor =
            |name: &'static str| Ok::<_, Failure>(self.text(name)?.map(|id| (name, id.to_owned())));
        let from = match (cursor(AFTER)?, cursor(BEFORE)?) {
            (Some(_), Some(_)) => {
                let why = "starting_after and ending_before must not be given together";
                return Err(Failure::bad_request(why));
            }
            (after, before) => after.or(before),
        };
        Ok(Paging { limit: limit.min(LIMIT_MAX), from })
    }
}

const AFTER: &str = "starting_after";
const BEFORE: &str = "ending_before";

impl Paging {
    /// The cursor, at the present position of the item that it names.
    pub(super) async fn cursor<T: From<Uuid>>(
        &self,
        place: impl AsyncFnOnce(T) -> Result<Option<PublicId>, Failure>,
    ) -> Result<Cursor, Failure> {
        let Some((name, text)) = &self.from else { return Ok(Cursor::Top) };
        let number = match id::decode(text) {
            Some(id) => place(id).await?,
            None => None,
        };
        match number {
            Some(number) if *name == AFTER => Ok(Cursor::After(number)),
            Some(number) => Ok(Cursor::Before(number)),
            None => Err(Failure::bad_request(format!(
                "{name} must be the id of an item of this list, and there is none with this id"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_bounds() {
        let limit = |query: &str| Query::parse(query).paging().ok().map(|paging| paging.limit);
        assert_eq!(limit(""), Some(10));
        assert_eq!(limit("limit="), Some(10));
        assert_eq!(limit("limit=1"), Some(1));
        assert_eq!(limit("limit=101"), Some(100));
        assert_eq!(limit("limit=99999999999999999999"), Some(100));
        for query in ["limit=0", "limit=-1", "limit=abc", "limit=1.5"] {
            assert_eq!(limit(query), None, "{query}");
        }
    }

    #[test]
    fn what_is_given_twice_is_refused() {
        for query in ["limit=1&limit=2", "starting_after=a&starting_after="] {
            assert!(Query::parse(query).paging().is_err(), "{query}");
        }
        assert!(Query::parse("a=1&a=2").paging().is_ok());
    }

    #[test]
    fn there_is_one_cursor_at_most() {
        assert!(Query::parse("starting_after=a&ending_before=b").paging().is_err());
        assert!(Query::parse("starting_after=a&ending_before=").paging().is_ok());
    }
}
