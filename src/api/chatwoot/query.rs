use super::error::bad_parameter;
use crate::edge::failure::Failure;
use domain::PublicId;

/// Query parameters: names are exact, and a blank value counts as absent. If a parameter is
/// repeated the last one counts, as in the framework that clients are used to.
///
/// Unusable values are collected, so that the caller is told of all of them at once: see
/// [`Query::check`].
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    failures: Vec<Failure>,
}

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { pairs, failures: vec![] }
    }

    /// Fails if any value that was read is unusable.
    pub(super) fn check(self) -> Result<(), Failure> {
        Failure::none_of(self.failures)
    }

    pub(super) fn refuse(&mut self, name: &str, must_be: impl Into<String>) {
        self.failures.push(bad_parameter(name, must_be));
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let mut values = self.pairs.iter().rev().filter(|(key, _)| key == name);
        let text = values.next().map(|(_, value)| value.clone());
        let text = text.filter(|text| !text.trim().is_empty())?;
        if text.contains('\0') {
            self.refuse(name, "must not contain U+0000");
            return None;
        }
        Some(text)
    }

    /// A text without white space around it.
    pub(super) fn word(&mut self, name: &str) -> Option<String> {
        self.text(name).map(|text| text.trim().to_owned())
    }

    /// One of several named values.
    pub(super) fn one_of<T: Copy>(&mut self, name: &str, named: &[(&str, T)]) -> Option<T> {
        let text = self.word(name)?;
        let found = named.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
            self.refuse(name, format!("must be one of {}", names.join(", ")));
        }
        found
    }

    /// A public number, whether or not it exists.
    pub(super) fn number(&mut self, name: &str) -> Option<PublicId> {
        let text = self.word(name)?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.refuse(name, "must be an integer");
            return None;
        }
        // A number outside the type's range belongs to nothing: it is before or after all others.
        let beyond = if text == digits { PublicId::MAX } else { PublicId::NONE };
        Some(text.parse().unwrap_or(beyond))
    }

    /// A positive integer; values above `max` count as `max`.
    pub(super) fn positive(&mut self, name: &str, max: i64) -> Option<i64> {
        let text = self.word(name)?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_number.then(|| text.parse().unwrap_or(max).min(max));
        let positive = number.filter(|number| *number > 0);
        if positive.is_none() {
            self.refuse(name, "must be a positive integer");
        }
        positive
    }

    /// The texts of a list, in any form that clients send: `name[]=a&name[]=b`, `name=a,b`,
    /// `name=a&name=b`, or a mixture.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let is_meant = |key: &str| key == name || key.strip_suffix("[]") == Some(name);
        let values = self.pairs.iter().filter(|(key, _)| is_meant(key));
        let items = values.flat_map(|(_, value)| value.split(',')).map(str::trim);
        let items: Vec<String> = items.filter(|item| !item.is_empty()).map(str::to_owned).collect();
        if items.iter().any(|item| item.contains('\0')) {
            self.refuse(name, "must not contain U+0000");
        }
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_the_union_of_all_ways_to_write_it() {
        for query in [
            "labels[]=a&labels[]=b",
            "labels%5B%5D=a&labels%5B%5D=b",
            "labels=a,b",
            "labels=a&labels=b",
            "labels=%20a%20,&labels[]=b&labels=",
        ] {
            assert_eq!(Query::parse(query).list("labels"), ["a", "b"], "{query}");
        }
        assert_eq!(Query::parse("labels=%20,&labels[]=").list("labels"), [""; 0]);
    }

    #[test]
    fn everything_that_cannot_be_used_is_told_at_once() {
        let mut query = Query::parse("page=0&inbox_id=x&status=closed&q=a%00&other=%00");
        assert_eq!(query.positive("page", 9), None);
        assert_eq!(query.number("inbox_id"), None);
        assert_eq!(query.one_of("status", &[("open", 1)]), None);
        assert_eq!(query.text("q"), None);
        let failure = query.check().unwrap_err();
        assert_eq!(failure.others.len(), 3);
    }

    #[test]
    fn a_blank_value_counts_as_none_and_the_last_one_counts() {
        let mut query = Query::parse("page=&status=%20&inbox_id=1&inbox_id=2");
        assert_eq!(query.positive("page", 9), None);
        assert_eq!(query.one_of("status", &[("open", 1)]), None);
        assert_eq!(query.number("inbox_id"), Some(PublicId::new(2)));
        assert!(query.check().is_ok());
    }

    #[test]
    fn however_large_a_number_is_it_is_one() {
        let large = "99999999999999999999";
        let mut query = Query::parse(&format!("page={large}&after={large}&before=-{large}"));
        assert_eq!(query.positive("page", 9), Some(9));
        assert_eq!(query.number("after"), Some(PublicId::MAX));
        assert_eq!(query.number("before"), Some(PublicId::NONE));
        assert!(query.check().is_ok());
    }
}
