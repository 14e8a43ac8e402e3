use axum::extract::Path;
use axum::http::{Method, StatusCode};
use chrono::{DateTime, Utc};
use domain::PublicId;
use domain::participation::{self, ChangeCommand};

use super::get::{OFFER, Parameters};
use crate::edge::failure::Failure;
use crate::edge::request::CLOCK_SKEW_MAX;
use crate::jsonapi::body::Attributes;
use crate::jsonapi::document::Document;
use crate::jsonapi::schema::One;
use crate::pulse::body::{ChatBookmark, Reading};
use crate::pulse::objects::{self, CHAT_BOOKMARK};
use crate::pulse::request::{Pulse, id};

/// Mark a chat as read, up to the newest message or up to a time.
#[utoipa::path(post, path = "/chats/{chat_id}/bookmark",
    operation_id = "pulse.bookmarks.post",
    params(("chat_id" = Uuid, Path, description = "The chat"), Parameters),
    request_body = Option<Reading>,
    responses((status = 201, description = "The bookmark, made now", body = One<ChatBookmark>),
              (status = 200, description = "The bookmark, moved", body = One<ChatBookmark>),
              (status = 404, description = "Unknown, trashed, or the caller is not in it"),
              (status = 422, description = "updated_at is no time")))]
pub(super) async fn post(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    set(&chat, request, &Method::POST).await
}

/// Mark a chat as read: the same as POST.
#[utoipa::path(put, path = "/chats/{chat_id}/bookmark",
    operation_id = "pulse.bookmarks.put",
    params(("chat_id" = Uuid, Path, description = "The chat"), Parameters),
    request_body = Option<Reading>,
    responses((status = 201, description = "The bookmark, made now", body = One<ChatBookmark>),
              (status = 200, description = "The bookmark, moved", body = One<ChatBookmark>)))]
pub(super) async fn put(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    set(&chat, request, &Method::PUT).await
}

/// Mark a chat as read: the same as POST.
#[utoipa::path(patch, path = "/chats/{chat_id}/bookmark",
    operation_id = "pulse.bookmarks.patch",
    params(("chat_id" = Uuid, Path, description = "The chat"), Parameters),
    request_body = Option<Reading>,
    responses((status = 201, description = "The bookmark, made now", body = One<ChatBookmark>),
              (status = 200, description = "The bookmark, moved", body = One<ChatBookmark>)))]
pub(super) async fn patch(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    set(&chat, request, &Method::PATCH).await
}

async fn set(chat: &str, request: Pulse, method: &Method) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(chat)?).await?;
    let bookmark = objects::bookmark_id(chat.state.conversation, request.user);
    let attributes = match *method {
        _ if request.body.is_empty() => Attributes::none(),
        Method::POST => request.new_attributes(&CHAT_BOOKMARK)?,
        _ => request.existing_attributes(&CHAT_BOOKMARK, bookmark)?,
    };
    let as_of = match attributes.get("updated_at") {
        None => None,
        Some(_) => Some(time(&attributes, request.context.metadata.occurred_at)?),
    };
    let reading = match as_of {
        None => participation::Reading::Whole(chat.conversation.newest_id()),
        Some(time) => {
            let newest = request.views().newest_until(chat.state.conversation, time).await?;
            participation::Reading::UpTo(newest.unwrap_or(PublicId::NONE))
        }
    };
    let open = ChangeCommand::OpenConversation { reading, as_of };
    let outcome = request.change_own(request.membership(&chat), vec![open]).await?;
    let chat = request.chat(chat.state.conversation).await?;
    let made = chat.state.bookmark.is_some() && chat.state.bookmark == outcome.first;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    let bookmark = objects::bookmark(&chat, request.user).ok_or_else(Failure::not_found)?;
    request.answer(status, bookmark, &query).await
}

fn time(attributes: &Attributes, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    let text = attributes.text("updated_at")?;
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc)).ok();
    let usable = |time: &DateTime<Utc>| {
        let is_leap_second = time.timestamp_subsec_nanos() >= 1_000_000_000;
        !is_leap_second && *time >= DateTime::UNIX_EPOCH && *time <= now + CLOCK_SKEW_MAX
    };
    time.filter(usable).ok_or_else(|| {
        let why = "updated_at must be a time from 1970 to now, such as 2026-01-01T00:00:00.000Z";
        attributes.unusable("updated_at", why)
    })
}
