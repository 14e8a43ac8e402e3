//! The Pulse dialect, a JSON:API under `/api/v1`. What JSON:API prescribes is in `jsonapi/`; the
//! resources and their endpoints are here.

mod body;
mod bookmarks;
mod chat_memberships;
mod chats;
mod direct_conversations;
mod error;
mod messages;
mod objects;
mod query;
mod request;
mod users;

use event_store::Surface;

use error::Errors;
use objects::TYPES;

use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect, Routes};
use crate::jsonapi::MEDIA_TYPE;
use crate::jsonapi::parameters::fieldsets;

pub(crate) const DIALECT: Dialect = Dialect {
    prefix: "/api/v1",
    surface: Surface::Pulse,
    credentials: &[Credentials::Bearer],
    challenge: challenge::bearer,
    is_for_browsers: true,
    render: error::render,
    routes,
    description: Common {
        name: "pulse",
        title: "Pulse",
        description: "Conversations as Pulse has them: a JSON:API of direct conversations, \
                      chats, memberships and bookmarks.",
        takes: &[MEDIA_TYPE, "application/json"],
        answers: MEDIA_TYPE,
        error: ("Errors", &[MEDIA_TYPE]),
        nulls: Nulls::LeftOut,
        has_nulls_in_queries: false,
        has_empty_values_in_queries: false,
        is_for_users: true,
        errors: &[406],
        errors_of_bodies: &[409, 415],
        parameters: || fieldsets("Pulse", TYPES),
    },
};

fn routes() -> Routes {
    description::router::<Errors>()
        .merge(direct_conversations::routes())
        .merge(chats::routes())
        .merge(chat_memberships::routes())
        .merge(messages::routes())
        .merge(bookmarks::routes())
        .merge(users::routes())
}
