//! The Protocol dialect, also published as Coherent, under `/v1`.

mod body;
mod contacts;
mod conversations;
mod error;
mod groups;
mod id;
mod messages;
mod objects;
mod query;
mod request;

use event_store::Surface;

use error::Error;

use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect, Routes};

pub(crate) const DIALECT: Dialect = Dialect {
    prefix: "/v1",
    surface: Surface::Protocol,
    credentials: &[Credentials::Bearer, Credentials::Basic],
    challenge: challenge::bearer_or_basic,
    is_for_browsers: true,
    render: error::render,
    routes,
    description: Common {
        name: "protocol",
        title: "Protocol",
        description: "Conversations as Protocol, also published as Coherent, has them: with \
                      contacts and groups, muted and archived.",
        takes: &["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
        answers: "application/json",
        error: ("Error", &["application/json"]),
        nulls: Nulls::Sent,
        has_nulls_in_queries: false,
        has_empty_values_in_queries: true,
        is_for_users: true,
        errors: &[],
        errors_of_bodies: &[415],
        parameters: Vec::new,
    },
};

fn routes() -> Routes {
    description::router::<Error>()
        .merge(conversations::routes())
        .merge(contacts::routes())
        .merge(groups::routes())
        .merge(messages::routes())
}
