use projections::Page;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use crate::description::parts;
use crate::edge::failure::Failure;

const TOP_DEFAULT: i64 = 25;
/// Most items of a page; larger values of `top` count as this.
const TOP_MAX: i64 = 100;
/// Largest `skip`: beyond the end of every list, and small enough that no sum with it overflows.
const SKIP_MAX: i64 = i64::MAX / 2;

/// The parameters that [`Query::paging`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is described, and read without it")]
pub(super) struct PagingParameters<const TOP: i64 = TOP_DEFAULT> {
    #[param(schema_with = top::<TOP>)]
    top: Option<i64>,
    #[param(schema_with = skip)]
    skip: Option<i64>,
    /// Whether to count the list's items.
    #[param(default = true)]
    count: Option<bool>,
    /// Whether to answer with the count alone.
    #[param(default = false)]
    count_only: Option<bool>,
}

fn top<const TOP: i64>() -> RefOr<Schema> {
    let text = format!("Page size, 0 to 100 (default {TOP}); more counts as 100");
    parts::natural(0, TOP, &text)
}

fn skip() -> RefOr<Schema> {
    parts::natural(0, 0, "Items to leave out at the start")
}

/// The values that [`Query::order_by`] takes.
pub(super) fn orders<T>(fields: &[(&str, T)]) -> Value {
    let both = |(name, _): &(&str, T)| [(*name).to_owned(), format!("{name} desc")];
    json!({ "type": "string", "enum": fields.iter().flat_map(both).collect::<Vec<_>>() })
}

/// Query parameters. Names are compared without regard to case and underscores; a parameter that is
/// read is refused if it is given twice.
pub(super) struct Query(Vec<(String, String)>);

/// The part of a list to answer with, and whether to count the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Paging {
    pub(super) top: i64,
    pub(super) skip: i64,
    pub(super) count: bool,
    pub(super) count_only: bool,
}

/// A page of a list, or only its count.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T: ToSchema> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<T>>,
    /// Ordinal of the first item sent, from 1; 0 when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    /// Ordinal of the last item sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
}

impl<T: ToSchema> List<T> {
    pub(super) fn new<'a, I>(
        page: &'a Page<I>,
        paging: &Paging,
        show: impl FnMut(&'a I) -> T,
    ) -> Self {
        let count = page.total.filter(|_| paging.count);
        if paging.count_only {
            return Self { data: None, start: None, end: None, count };
        }
        let sent = page.items.len() as i64;
        let (start, end) = if sent == 0 {
            (0, paging.skip.min(page.total.unwrap_or(paging.skip)))
        } else {
            (paging.skip + 1, paging.skip + sent)
        };
        let data = page.items.iter().map(show).collect();
        Self { data: Some(data), start: Some(start), end: Some(end), count }
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self(pairs.map(|(name, value)| (plain(&name), value.into_owned())).collect())
    }

    fn raw(&self, name: &str) -> Result<Option<&str>, Failure> {
        let plain = plain(name);
        let mut given = self.0.iter().filter(|(key, _)| *key == plain);
        match (given.next(), given.next()) {
            (_, Some(_)) => Err(Failure::bad_request(format!("{name} must be given once"))),
            (given, None) => Ok(given.map(|(_, value)| value.as_str())),
        }
    }

    /// The value; `None` if it is absent or blank.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.raw(name)? {
            Some(text) if text.contains('\0') => {
                Err(Failure::bad_request(format!("{name} must not contain U+0000")))
            }
            text => Ok(text.filter(|text| !text.trim().is_empty())),
        }
    }

    /// `true` or `false`; the default if absent, empty or `null`.
    pub(super) fn boolean(&self, name: &str, default: bool) -> Result<bool, Failure> {
        Ok(self.tri_state(name, Some(default))?.unwrap_or(default))
    }

    /// `true` or `false`; `None` (both) for an explicit `null` or empty value; the default if
    /// absent.
    pub(super) fn tri_state(
        &self,
        name: &str,
        default: Option<bool>,
    ) -> Result<Option<bool>, Failure> {
        match self.raw(name)?.map(str::to_lowercase).as_deref() {
            None => Ok(default),
            Some("" | "null") => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Failure::bad_request(format!("{name} must be true or false"))),
        }
    }

    /// A positive integer.
    pub(super) fn positive(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.raw(name)? {
            None | Some("" | "null") => Ok(None),
            Some(text) => {
                let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
                // However large: what is beyond the type is the number of nothing.
                match text.parse().unwrap_or(if is_digits { i64::MAX } else { 0 }) {
                    number @ 1.. => Ok(Some(number)),
                    _ => Err(Failure::bad_request(format!("{name} must be a positive integer"))),
                }
            }
        }
    }

    pub(super) fn paging(&self) -> Result<Paging, Failure> {
        self.paging_by(TOP_DEFAULT)
    }

    /// The paging parameters, with another default page size.
    pub(super) fn paging_by(&self, top_default: i64) -> Result<Paging, Failure> {
        let count_only = self.boolean("count_only", false)?;
        Ok(Paging {
            top: self.natural("top", top_default)?.min(TOP_MAX),
            skip: self.natural("skip", 0)?.min(SKIP_MAX),
            count: self.boolean("count", true)? || count_only,
            count_only,
        })
    }

    fn natural(&self, name: &str, default: i64) -> Result<i64, Failure> {
        match self.raw(name)? {
            None | Some("" | "null") => Ok(default),
            // Saturates: a number beyond the type is beyond the end of every list.
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(text.parse().unwrap_or(i64::MAX))
            }
            Some(_) => {
                Err(Failure::bad_request(format!("{name} must be an integer, 0 or greater")))
            }
        }
    }

    /// One of the named fields, and whether the order is descending.
    pub(super) fn order_by<T: Copy>(
        &self,
        fields: &[(&str, T)],
    ) -> Result<Option<(T, bool)>, Failure> {
        let Some(text) = self.text("order_by")? else { return Ok(None) };
        let mut words = text.split_whitespace();
        let field = words.next().map(plain).unwrap_or_default();
        let found = fields.iter().find(|(name, _)| plain(name) == field).map(|(_, field)| *field);
        let descending = match words.next().map(str::to_lowercase).as_deref() {
            None | Some("asc") => Some(false),
            Some("desc") => Some(true),
            Some(_) => None,
        };
        match (found, descending, words.next()) {
            (Some(field), Some(descending), None) => Ok(Some((field, descending))),
            _ => {
                let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
                Err(Failure::bad_request(format!(
                    "order_by must be one of {}, with asc or desc after it",
                    names.join(", ")
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use projections::User as DirectoryUser;

    use super::*;
    use crate::live::Presence;
    use crate::weavy::objects::User;

    #[test]
    fn names_are_compared_without_case_and_underscores() {
        for query in ["message_id=7", "messageId=7", "MessageID=7", "messageid=7"] {
            assert_eq!(Query::parse(query).positive("message_id").ok(), Some(Some(7)), "{query}");
        }
    }

    #[test]
    fn what_is_given_twice_is_refused() {
        for query in ["message_id=7&message_id=8", "message_id=7&MessageID=7"] {
            assert!(Query::parse(query).positive("message_id").is_err(), "{query}");
        }
        assert_eq!(Query::parse("a=1&a=2").positive("message_id").ok(), Some(None));
    }

    #[test]
    fn both_is_asked_for_with_null_or_nothing() {
        let tri = |query: &str| Query::parse(query).tri_state("trashed", Some(false)).ok();
        assert_eq!(tri(""), Some(Some(false)));
        assert_eq!(tri("trashed="), Some(None));
        assert_eq!(tri("trashed=null"), Some(None));
        assert_eq!(tri("trashed=TRUE"), Some(Some(true)));
        assert_eq!(tri("trashed=1"), None);
    }

    #[test]
    fn pages_have_bounds() {
        let top = |query: &str| Query::parse(query).paging().ok().map(|paging| paging.top);
        assert_eq!(top(""), Some(25));
        assert_eq!(top("top=0"), Some(0));
        assert_eq!(top("top=1000"), Some(100));
        assert_eq!(top("top=-1"), None);
        assert_eq!(top("top=x"), None);
        assert_eq!(top("top=99999999999999999999"), Some(100));
    }

    #[test]
    fn an_order_is_a_field_and_a_direction() {
        let order =
            |query: &str| Query::parse(query).order_by(&[("created_at", 1), ("name", 2)]).ok();
        assert_eq!(order(""), Some(None));
        assert_eq!(order("orderby=createdAt+desc"), Some(Some((1, true))));
        assert_eq!(order("order_by=name%20asc"), Some(Some((2, false))));
        assert_eq!(order("order_by=size"), None);
        assert_eq!(order("order_by=name+sideways"), None);
    }

    #[test]
    fn an_empty_page_ends_where_the_list_does() {
        let paging = Paging { top: 25, skip: 40, count: true, count_only: false };
        let page = Page { items: Vec::<DirectoryUser>::new(), total: Some(7) };
        let list: List<User> =
            List::new(&page, &paging, |user| User::new(user, Presence::default().now()));
        assert_eq!(
            serde_json::to_value(list).unwrap(),
            serde_json::json!({"data": [], "start": 0, "end": 7, "count": 7})
        );
    }
}
