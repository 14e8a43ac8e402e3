//! The Pulse dialect, a JSON:API under `/api/v1`. What JSON:API prescribes is in `jsonapi/`; here are the
//! resources and what is done with them.

mod create_chat;
mod create_direct_conversation;
mod create_membership;
mod create_message;
mod delete_message;
mod documents;
mod get_bookmark;
mod get_chat;
mod get_direct_conversation;
mod get_membership;
mod get_message;
mod get_user;
mod list_chats;
mod list_direct_conversations;
mod list_memberships;
mod list_messages;
mod list_users;
mod request;
mod resource;
mod set_bookmark;
mod update_chat;
mod update_message;

use std::sync::Arc;

use event_store::Surface;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use resource::TYPES;

use crate::Services;
use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect};
use crate::jsonapi::MEDIA_TYPE;
use crate::jsonapi::error::{self, Errors};
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
        is_for_users: true,
        errors: &[406],
        errors_of_bodies: &[409, 415],
        parameters: || fieldsets("Pulse", TYPES),
    },
};

fn routes() -> OpenApiRouter<Arc<Services>> {
    description::router::<_, Errors>()
        .routes(routes!(list_direct_conversations::list, create_direct_conversation::create))
        .routes(routes!(get_direct_conversation::get))
        .routes(routes!(list_chats::list, create_chat::create))
        .routes(routes!(get_chat::get, update_chat::put, update_chat::patch))
        .routes(routes!(list_memberships::list, create_membership::create))
        .routes(routes!(list_messages::list, create_message::create))
        .routes(routes!(get_membership::get))
        .routes(routes!(
            get_message::get,
            update_message::put,
            update_message::patch,
            delete_message::delete
        ))
        .routes(routes!(
            get_bookmark::get,
            set_bookmark::post,
            set_bookmark::put,
            set_bookmark::patch
        ))
        .routes(routes!(list_users::list))
        .routes(routes!(get_user::get))
}
