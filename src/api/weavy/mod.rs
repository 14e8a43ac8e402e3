//! The Weavy dialect, under `/api`.

mod badge;
mod create_conversation;
mod delete_app;
mod edit_message;
mod error;
mod get_conversation;
mod get_message;
mod json;
mod list_conversations;
mod list_messages;
mod mark;
mod object;
mod pin;
mod post_message;
mod query;
mod request;
mod user;
mod users;

use std::sync::Arc;

use event_store::Surface;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use error::Problem;

use crate::Services;
use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect};

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
        is_for_users: false,
        errors: &[],
        errors_of_bodies: &[],
        parameters: Vec::new,
    },
};

fn routes() -> OpenApiRouter<Arc<Services>> {
    description::router::<_, Problem>()
        .routes(routes!(list_conversations::list, create_conversation::create))
        .routes(routes!(badge::badge))
        .routes(routes!(get_conversation::get))
        .routes(routes!(mark::mark, mark::unmark))
        .routes(routes!(pin::pin, pin::unpin))
        .routes(routes!(list_messages::list, post_message::post))
        .routes(routes!(delete_app::delete))
        .routes(routes!(get_message::get, edit_message::edit, edit_message::delete))
        .routes(routes!(user::user))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::put))
}
