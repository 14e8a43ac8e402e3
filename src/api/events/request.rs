use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequest, Request as HttpRequest};
use domain::AccountPosition;

use super::DIALECT;
use crate::Services;
use crate::edge::failure::{Failure, Source};
use crate::edge::request::Request;

/// The header with the position of the last event that a client has read.
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// A request to open an event stream.
pub(super) struct Listener(Request);

impl FromRequest<Arc<Services>> for Listener {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest, services: &Arc<Services>) -> Result<Self, Failure> {
        Ok(Self(Request::read(request, services, &DIALECT).await?))
    }
}

impl Deref for Listener {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.0
    }
}

impl Listener {
    /// The position from which the caller wants to resume; `None` for a new stream.
    pub(super) fn last_event(&self) -> Result<Option<AccountPosition>, Failure> {
        let Some(given) = self.headers.get(LAST_EVENT_ID) else { return Ok(None) };
        let given = given.to_str().map(str::trim).unwrap_or("x");
        if given.is_empty() {
            return Ok(None);
        }
        let position = given.parse().ok().filter(|given| *given >= AccountPosition::START);
        let wrong = || {
            Failure::bad_request("header Last-Event-ID must be the id of an event: 0 or greater")
                .at(Source::Header(LAST_EVENT_ID))
        };
        position.map(Some).ok_or_else(wrong)
    }
}
