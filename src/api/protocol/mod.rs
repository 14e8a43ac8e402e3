//! The Protocol dialect, also published as Coherent, under `/v1`.

mod create_conversation;
mod create_group;
mod create_message;
mod delete_conversation;
mod delete_message;
mod error;
mod fields;
mod get_contact;
mod get_conversation;
mod get_group;
mod get_message;
mod id;
mod list_contacts;
mod list_conversations;
mod list_groups;
mod list_messages;
mod object;
mod paging;
mod read_conversation;
mod request;
mod update_conversation;
mod update_group;
mod update_message;

use std::sync::Arc;

use event_store::Surface;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use error::Error;

use crate::Services;
use crate::description::{self, Common, Nulls};
use crate::edge::challenge;
use crate::edge::dialect::{Credentials, Dialect};

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
        is_for_users: true,
        errors: &[],
        errors_of_bodies: &[415],
        parameters: Vec::new,
    },
};

fn routes() -> OpenApiRouter<Arc<Services>> {
    description::router::<_, Error>()
        .routes(routes!(list_conversations::list, create_conversation::create))
        .routes(routes!(
            get_conversation::get,
            update_conversation::update,
            delete_conversation::delete
        ))
        .routes(routes!(read_conversation::read, read_conversation::unread))
        .routes(routes!(list_contacts::list))
        .routes(routes!(get_contact::get))
        .routes(routes!(list_groups::list, create_group::create))
        .routes(routes!(get_group::get, update_group::update))
        .routes(routes!(list_messages::list, create_message::create))
        .routes(routes!(get_message::get, update_message::update, delete_message::delete))
}
