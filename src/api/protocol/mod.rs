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

use utoipa::openapi::{OpenApi, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use error::{Error, shape};

use crate::Services;

pub(crate) fn routes() -> OpenApiRouter<Arc<Services>> {
    let mut routes = OpenApiRouter::new()
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
        .routes(routes!(get_message::get, update_message::update, delete_message::delete));
    accept_basic(routes.get_openapi_mut());
    routes
}

/// The token may also come as the password of HTTP Basic.
fn accept_basic(openapi: &mut OpenApi) {
    let schemes = || ["bearer", "basic"].map(|name| SecurityRequirement::new(name, [""; 0]));
    for item in openapi.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.security = Some(schemes().to_vec());
        }
    }
}
