//! `GET /events`: a stream of what the caller may see, from every dialect.

mod error;
mod open;
mod request;

use event_store::Surface;
use utoipa_axum::routes;

use error::Error;

use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect, Routes};

pub(crate) const DIALECT: Dialect = Dialect {
    prefix: "/events",
    surface: Surface::Events,
    credentials: &[Credentials::Bearer],
    challenge: challenge::bearer,
    is_for_browsers: true,
    render: error::render,
    routes,
    description: Common {
        name: "events",
        title: "Events",
        description: "What happens, as Server-Sent Events, to everyone who may see it.",
        takes: &[],
        answers: "text/event-stream",
        error: ("Error", &["application/json"]),
        nulls: Nulls::LeftOut,
        has_nulls_in_queries: false,
        has_empty_values_in_queries: false,
        is_for_users: false,
        errors: &[],
        errors_of_bodies: &[],
        parameters: Vec::new,
    },
};

fn routes() -> Routes {
    description::router::<Error>().routes(routes!(open::open))
}
