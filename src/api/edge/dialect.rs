use std::sync::Arc;

use axum::http::HeaderValue;
use axum::response::Response;
use event_store::Surface;
use utoipa_axum::router::OpenApiRouter;

use super::failure::Failure;
use super::rendering::RequestSummary;
use super::token::Refusal;
use crate::Services;
use crate::description::Common;

/// Endpoints with their descriptions.
pub(crate) type Routes = OpenApiRouter<Arc<Services>>;

/// One of the APIs, as far as `edge/` needs to know it.
pub(crate) struct Dialect {
    /// The prefix of its paths; where several match, the longest wins.
    pub(crate) prefix: &'static str,
    /// The surface that its events name as their origin.
    pub(crate) surface: Surface,
    /// How its callers may send an access token.
    pub(crate) credentials: &'static [Credentials],
    /// The `WWW-Authenticate` headers of a 401, given why the token was refused, if there was one.
    pub(crate) challenge: fn(Option<&Refusal>) -> Vec<HeaderValue>,
    /// Whether pages of other origins may call it (CORS).
    pub(crate) is_for_browsers: bool,
    /// Renders a failure in the dialect's format.
    pub(crate) render: fn(&Failure, &RequestSummary) -> Response,
    /// Its endpoints, with paths relative to the prefix.
    pub(crate) routes: fn() -> Routes,
    /// What the API description says of all of its endpoints.
    pub(crate) description: Common,
}

/// How a request carries an access token. If a request has several, the first one in the dialect's
/// list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// `Authorization: Bearer`, the token itself (RFC 6750).
    Bearer,
    /// `Authorization: Basic`, the token as the password, with any user name (RFC 7617).
    Basic,
    /// The token in a header of its own, in whose name `-` and `_` are the same.
    Header(&'static str),
}

impl Credentials {
    /// The name of the scheme or header, in requests (compared without case) and in the
    /// description.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Header(name) => name,
        }
    }
}

/// All dialects that are served.
#[derive(Clone, Copy)]
pub(crate) struct Dialects(pub(crate) &'static [&'static Dialect]);

impl Dialects {
    /// The dialect that a path belongs to.
    pub(crate) fn of(self, path: &str) -> Option<&'static Dialect> {
        let fits = |dialect: &&&Dialect| {
            let rest = path.strip_prefix(dialect.prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let fitting = self.0.iter().filter(fits).copied();
        fitting.max_by_key(|dialect| dialect.prefix.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn under(prefix: &'static str) -> Dialect {
        Dialect { prefix, ..*crate::DIALECTS.0[0] }
    }

    #[test]
    fn the_longest_prefix_wins_in_whatever_order_dialects_stand() {
        const SHORT: Dialect = under("/api");
        const LONGER: Dialect = under("/api/v1");
        const LONGEST: Dialect = under("/api/v1/accounts");
        for dialects in [
            Dialects(&[&SHORT, &LONGER, &LONGEST]),
            Dialects(&[&LONGEST, &SHORT, &LONGER]),
            Dialects(&[&LONGER, &LONGEST, &SHORT]),
        ] {
            for (path, prefix) in [
                ("/api", Some("/api")),
                ("/api/v1x", Some("/api")),
                ("/api/v1", Some("/api/v1")),
                ("/api/v1/accountsx/7", Some("/api/v1")),
                ("/api/v1/accounts/7/conversations", Some("/api/v1/accounts")),
                ("/apix", None),
                ("/", None),
            ] {
                assert_eq!(dialects.of(path).map(|dialect| dialect.prefix), prefix, "{path}");
            }
        }
    }
}
