use std::collections::{BTreeMap, BTreeSet};

use super::Type;
use crate::edge::failure::{Failure, Source};

/// Default page size.
pub(super) const SIZE_DEFAULT: i64 = 25;
/// Largest page size; larger values count as this.
const SIZE_MAX: i64 = 100;

/// Beyond the end of every collection, and small enough for a page's size to be added to it.
const OFFSET_MAX: i64 = i64::MAX / 2;

/// What the query of an endpoint may contain. Sparse fieldsets are always offered.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offer {
    /// Paths of relationships, including all their prefixes. If empty, `include` is not offered.
    pub(crate) includes: &'static [&'static str],
    /// Fields to sort by. If empty, `sort` is not offered.
    pub(crate) sorts: &'static [&'static str],
    /// Attributes to filter by.
    pub(crate) filters: &'static [&'static str],
    /// Whether the answer is a collection in pages.
    pub(crate) paged: bool,
    /// Parameters specific to the endpoint.
    pub(crate) own: &'static [&'static str],
}

impl Offer {
    /// The offer of an endpoint for one resource.
    pub(crate) const fn including(includes: &'static [&'static str]) -> Self {
        Self { includes, sorts: &[], filters: &[], paged: false, own: &[] }
    }
}

/// A parsed query, limited to what was offered.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// `None` if `include` was not given.
    pub(crate) include: Option<BTreeSet<String>>,
    /// Fields in order of precedence, each with whether it is descending.
    pub(crate) sort: Vec<(String, bool)>,
    /// Requested fields by type.
    pub(crate) fields: BTreeMap<String, BTreeSet<String>>,
    /// Attributes, each with its accepted values.
    pub(crate) filters: Vec<(String, Vec<String>)>,
    pub(crate) page: Page,
    /// The endpoint's own parameters that are not blank.
    pub(crate) own: BTreeMap<String, String>,
    path: String,
    /// All parameters but the page number, for the links of a collection.
    kept: Vec<(String, String)>,
}

/// The requested page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Starts at 1.
    pub(crate) number: i64,
    pub(crate) size: i64,
}

impl Default for Page {
    fn default() -> Self {
        Self { number: 1, size: SIZE_DEFAULT }
    }
}

impl Page {
    pub(crate) fn offset(self) -> i64 {
        (self.number - 1).saturating_mul(self.size).min(OFFSET_MAX)
    }

    /// The number of the last page of a collection with `total` items.
    pub(crate) fn last(self, total: i64) -> i64 {
        ((total + self.size - 1) / self.size).max(1)
    }
}

fn unusable(name: &str, why: impl Into<String>) -> Failure {
    Failure::bad_request(why).at(Source::Parameter(name.to_owned()))
}

/// The `member` of a parameter `family[member]`.
fn member<'a>(name: &'a str, family: &str) -> Option<&'a str> {
    name.strip_prefix(family)?.strip_prefix('[')?.strip_suffix(']')
}

fn one_of(offered: &[&str]) -> String {
    offered.join(", ")
}

impl Query {
    pub(crate) fn parse(
        path: &str,
        query: &str,
        offer: &Offer,
        types: &[&Type],
    ) -> Result<Self, Failure> {
        let mut parsed = Self { path: path.to_owned(), ..Self::default() };
        let mut known = BTreeSet::new();
        let mut failures = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // Repeated lists are appended, and repeated filters narrow each other.
            let goes_on = matches!(&*name, "include" | "sort") || member(&name, "filter").is_some();
            if !known.insert(name.clone()) && !goes_on {
                failures.push(unusable(&name, format!("{name} must be given once")));
                continue;
            }
            failures.extend(parsed.parameter(&name, &value, offer, types).err());
            if member(&name, "page") != Some("number") {
                parsed.kept.push((name.into_owned(), value.into_owned()));
            }
        }
        Failure::none_of(failures)?;
        Ok(parsed)
    }

    fn parameter(
        &mut self,
        name: &str,
        value: &str,
        offer: &Offer,
        types: &[&Type],
    ) -> Result<(), Failure> {
        if value.contains('\0') {
            return Err(unusable(name, "U+0000 cannot be asked for"));
        }
        let items = || value.split(',').map(str::trim).filter(|item| !item.is_empty());
        if name == "include" && !offer.includes.is_empty() {
            for path in items() {
                if !offer.includes.contains(&path) {
                    let offered = one_of(offer.includes);
                    return Err(unusable(name, format!("include takes {offered}, not {path}")));
                }
            }
            self.include.get_or_insert_default().extend(items().map(str::to_owned));
        } else if name == "sort" && !offer.sorts.is_empty() {
            for item in items() {
                let field = item.strip_prefix('-').unwrap_or(item);
                if !offer.sorts.contains(&field) {
                    let offered = one_of(offer.sorts);
                    return Err(unusable(name, format!("sort takes {offered}, not {field}")));
                }
                self.sort.push((field.to_owned(), item.starts_with('-')));
            }
        } else if let Some(type_name) = member(name, "fields") {
            let r#type = types
                .iter()
                .find(|known| known.name == type_name)
                .ok_or_else(|| unusable(name, format!("there is no resource type {type_name}")))?;
            if let Some(unknown) = items().find(|field| !r#type.has_field(field)) {
                return Err(unusable(name, format!("{type_name} has no field {unknown}")));
            }
            self.fields.insert(type_name.to_owned(), items().map(str::to_owned).collect());
        } else if let Some(attribute) =
            member(name, "filter").filter(|attribute| offer.filters.contains(attribute))
        {
            self.filters.push((attribute.to_owned(), operand(name, value)?));
        } else if let (true, Some(part @ ("number" | "size"))) = (offer.paged, member(name, "page"))
        {
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            // Saturates: a number beyond the type is beyond every collection.
            let number = value.parse().unwrap_or(i64::MAX);
            if !digits || number < 1 {
                return Err(unusable(name, format!("{name} must be an integer from 1")));
            }
            match part {
                "number" => self.page.number = number,
                _ => self.page.size = number.min(SIZE_MAX),
            }
        } else if offer.own.contains(&name) {
            if !value.trim().is_empty() {
                self.own.insert(name.to_owned(), value.to_owned());
            }
        } else {
            return Err(unusable(name, format!("there is no parameter {name} here")));
        }
        Ok(())
    }

    /// The collection's URL with another page number.
    pub(crate) fn link(&self, number: i64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.kept);
        query.append_pair("page[number]", &number.to_string());
        format!("{}?{}", self.path, query.finish())
    }
}

/// Parses `value`, `eq:value` or `in:a,b`. A word before a colon is an operator; a value that looks
/// like that needs `eq:`.
fn operand(name: &str, text: &str) -> Result<Vec<String>, Failure> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    match text.split_once(':') {
        Some(("eq", value)) => Ok(vec![value.to_owned()]),
        Some(("in", values)) => {
            Ok(values.split(',').map(|value| value.trim().to_owned()).collect())
        }
        Some((word, _)) if is_word(word) => {
            Err(unusable(name, format!("the operators are eq and in, not {word}")))
        }
        _ => Ok(vec![text.to_owned()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonapi::{Attribute, Values};

    const THING: Type = Type {
        name: "thing",
        settable: &[Attribute::new("name", Values::Id)],
        derived: &[],
        relationships: &[("owner", "person")],
    };
    const OFFER: Offer = Offer {
        includes: &["owner", "owner.home"],
        sorts: &["name", "size"],
        filters: &["name"],
        paged: true,
        own: &["search"],
    };

    fn parse(query: &str) -> Result<Query, Failure> {
        Query::parse("/things", query, &OFFER, &[&THING])
    }

    #[test]
    fn brackets_may_be_encoded() {
        for query in [
            "page[number]=2&page[size]=7&fields[thing]=name,owner&filter[name]=x",
            "page%5Bnumber%5D=2&page%5Bsize%5D=7&fields%5Bthing%5D=name%2Cowner&filter%5Bname%5D=x",
        ] {
            let parsed = parse(query).unwrap();
            assert_eq!(parsed.page, Page { number: 2, size: 7 });
            assert_eq!(parsed.fields["thing"].len(), 2);
            assert_eq!(parsed.filters, [("name".to_owned(), vec!["x".to_owned()])]);
            let link = "/things?page%5Bsize%5D=7&fields%5Bthing%5D=name%2Cowner\
                    &filter%5Bname%5D=x&page%5Bnumber%5D=3";
            assert_eq!(parsed.link(3), link);
        }
    }

    #[test]
    fn what_is_not_offered_is_named() {
        for (query, parameter) in [
            ("foo=1", "foo"),
            ("Search=x", "Search"),
            ("include=owner,nothing", "include"),
            ("sort=-name,nothing", "sort"),
            ("fields[thing]=nothing", "fields[thing]"),
            ("fields[nothing]=name", "fields[nothing]"),
            ("filter[size]=1", "filter[size]"),
            ("filter=1", "filter"),
            ("filter[name]=gt:1", "filter[name]"),
            ("page[number]=0", "page[number]"),
            ("page[size]=x", "page[size]"),
            ("page[limit]=1", "page[limit]"),
            ("page=1", "page"),
            ("page[size]=1&page%5Bsize%5D=2", "page[size]"),
            ("search=a&search=b", "search"),
            ("fields[thing]=name&fields[thing]=owner", "fields[thing]"),
        ] {
            let failure = parse(query).unwrap_err();
            assert_eq!(failure.status.as_u16(), 400);
            assert_eq!(failure.source, Some(Source::Parameter(parameter.to_owned())), "{query}");
        }
        let bare = Query::parse("/things/1", "sort=name", &Offer::default(), &[&THING]);
        assert!(bare.is_err());
    }

    #[test]
    fn filters_have_operators() {
        let values =
            |text: &str| parse(&format!("filter[name]={text}")).unwrap().filters.remove(0).1;
        assert_eq!(values("a"), ["a"]);
        assert_eq!(values("eq:in:a"), ["in:a"]);
        assert_eq!(values("in:a, b"), ["a", "b"]);
        assert_eq!(values("Ann: the first"), ["Ann: the first"]);
    }

    #[test]
    fn pages_have_bounds() {
        for size in ["101", "99999999999999999999"] {
            assert_eq!(parse(&format!("page[size]={size}")).unwrap().page.size, 100);
        }
        assert!(parse("page[size]=%2B5").is_err());
        assert_eq!(parse("include=owner&include=owner.home").unwrap().include.unwrap().len(), 2);
        let page = Page { number: 3, size: 10 };
        assert_eq!((page.offset(), page.last(0), page.last(10), page.last(11)), (20, 1, 1, 2));
        assert_eq!(parse("include=").unwrap().include, Some(BTreeSet::new()));
        assert_eq!(parse("").unwrap().include, None);
        assert!(parse("search=%20").unwrap().own.is_empty());
    }
}
