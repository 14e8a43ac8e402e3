//! The Weavy dialect, under `/api`.

mod apps;
mod body;
mod conversations;
mod error;
mod html;
mod members;
mod messages;
mod objects;
mod query;
mod request;
mod users;

use event_store::Surface;

use error::Problem;

use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect, Routes};

pub(crate) const DIALECT: Dialect = Dialect {
    prefix: "/api",
    surface: Surface::Weavy,
    credentials: &[Credentials::Bearer],
    challenge: challenge::bearer,
    is_for_browsers: true,
    render: error::render,
    routes,
    description: Common {
        name: "weavy",
        title: "Weavy",
        description: "Conversations as Weavy has them: private chats, rooms and contextual \
                      chats, with marks and pins.",
        takes: &["application/json"],
        answers: "application/json",
        error: ("Problem", &["application/json", "application/problem+json"]),
        nulls: Nulls::LeftOut,
        has_nulls_in_queries: true,
        has_empty_values_in_queries: false,
        is_for_users: false,
        errors: &[],
        errors_of_bodies: &[],
        parameters: Vec::new,
    },
};

fn routes() -> Routes {
    description::router::<Problem>()
        .merge(conversations::routes())
        .merge(messages::routes())
        .merge(apps::routes())
        .merge(members::routes())
        .merge(users::routes())
}
