use std::str::FromStr;

use projections::history::Moment;

use super::request::Auditor;
use crate::edge::failure::Failure;

impl Auditor {
    /// A query parameter, if present.
    pub(super) fn parameter<T: FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Failure> {
        let query = self.uri.query().unwrap_or_default();
        let mut given = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let Some((_, value)) = given.next() else { return Ok(None) };
        if given.next().is_some() {
            return Err(Failure::bad_request(format!("{name} must be given once")));
        }
        value
            .parse()
            .map(Some)
            .map_err(|_| Failure::bad_request(format!("{name} must be {expected}")))
    }

    pub(super) fn moment(&self, name: &str) -> Result<Option<Moment>, Failure> {
        self.parameter(name, "a position within the account or a time such as 2026-01-31T14:03:00Z")
    }
}
