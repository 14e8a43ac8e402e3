use axum::http::StatusCode;
use domain::MembershipId;
use domain::conversation::{Command, Conversation as Aggregate};
use serde_json::Value;

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::{New, One};
use crate::pulse::body::ChatMembership;
use crate::pulse::objects::{self, CHAT_MEMBERSHIP};
use crate::pulse::request::{Pulse, id};

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Add a user to a chat: for any member.
#[utoipa::path(post, path = "/chat_memberships",
    operation_id = "pulse.chat_memberships.create",
    params(Parameters),
    request_body = New<ChatMembership>,
    responses((status = 201, description = "The membership, begun now", body = One<ChatMembership>),
              (status = 200, description = "The membership that there was",
               body = One<ChatMembership>),
              (status = 404, description = "There is no such chat or user"),
              (status = 422, description = "A value cannot be used; the two of a direct \
                                            conversation are fixed")))]
pub(super) async fn create(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let attributes = request.new_attributes(&CHAT_MEMBERSHIP)?;
    let roles = match attributes.get("role_ids") {
        None => Ok(()),
        Some(Value::Array(roles)) if roles.is_empty() => Ok(()),
        Some(_) => {
            let why = "role_ids must be an empty array: roles are not offered";
            Err(attributes.unusable("role_ids", why))
        }
    };
    let ids = Failure::both(attributes.text("chat_id"), attributes.text("user_id"));
    Failure::both(ids, roles)?;
    let unknown = |_| attributes.failure(StatusCode::NOT_FOUND, "chat_id", "there is no such chat");
    let chat = id(attributes.text("chat_id")?).map_err(unknown)?;
    let user = request.named_user(&attributes, "user_id").await?;
    let chat = request.chat(chat).await.map_err(|failure| match failure.is_not_found() {
        true => unknown(failure),
        false => failure,
    })?;
    if chat.conversation.kind.has_fixed_members() {
        let why = "chat_id must not be a direct conversation's: its two members are fixed";
        return Err(attributes.unusable("chat_id", why).coded("members_fixed"));
    }
    let stream = chat.state.conversation;
    let outcome = request.execute::<Aggregate>(stream, Command::AddMember { user }).await?;
    let (chats, users) = (Some(&[stream][..]), Some(&[user][..]));
    let page = request.views().memberships(request.user, chats, users, 1, 0).await?;
    let membership = page.items.first().ok_or_else(Failure::not_found)?;
    let made = outcome.first.map(MembershipId::from) == Some(membership.membership);
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    request.answer(status, objects::membership(membership), &query).await
}
