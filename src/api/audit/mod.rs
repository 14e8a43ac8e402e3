//! The audit trail of a conversation, for administrators of its account. Every access to it is
//! recorded.

mod conversations;
mod error;
mod objects;
mod query;
mod request;

use event_store::Surface;

use error::Error;

use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect, Routes};

pub(crate) const DIALECT: Dialect = Dialect {
    prefix: "/audit",
    surface: Surface::Audit,
    credentials: &[Credentials::Bearer],
    challenge: challenge::bearer,
    is_for_browsers: false,
    render: error::render,
    routes,
    description: Common {
        name: "audit",
        title: "Audit",
        description: "What happened in a conversation, and how it was: for administrators of \
                      its account. Every reading is recorded.",
        takes: &[],
        answers: "application/json",
        error: ("Error", &["application/json"]),
        nulls: Nulls::LeftOut,
        has_nulls_in_queries: false,
        has_empty_values_in_queries: false,
        is_for_users: true,
        errors: &[],
        errors_of_bodies: &[],
        parameters: Vec::new,
    },
};

fn routes() -> Routes {
    description::router::<Error>().merge(conversations::routes())
}
