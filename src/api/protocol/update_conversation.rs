use axum::extract::Path;
use chrono::{DateTime, TimeDelta, Utc};
use domain::conversation::{Command, Conversation as Aggregate};
use domain::participation::ChangeCommand;
use projections::inbox::Entry;
use projections::messages;

use super::Error;
use super::fields::Fields;
use super::id;
use super::object::Conversation;
use super::request::Protocol;
use crate::answer::Answer;
use crate::failure::Failure;

/// Pin a message for everyone; pin, mute or archive the conversation for the caller. What is left out stays.
#[utoipa::path(put, path = "/conversations/{id}", tag = "Protocol",
    params(("id" = String, Path, description = "The conversation")),
    request_body(description = "Any of `pinned_message_id`, `is_pinned`, `is_muted`, `archived_at`", content(
        (inline(serde_json::Value) = "application/x-www-form-urlencoded"),
        (inline(serde_json::Value) = "application/json", example = json!({"is_muted": true})),
        (inline(serde_json::Value) = "multipart/form-data"))),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 400, description = "A value cannot be used; nothing is changed", body = Error),
              (status = 404, description = "Unknown, trashed, or the caller is not in it", body = Error)))]
pub(super) async fn update(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Answer<Conversation>, Failure> {
    let fields = request.fields().await?;
    let mut position = request.catch_up().await?;
    let entry = request.entry(&id).await?;
    // Every field is read before the first takes effect.
    let shared = pinned_message(&request, &fields, &entry).await?;
    let own = own(&fields, &entry, request.incoming.context.metadata.occurred_at)?;
    let incoming = &request.incoming;
    if let Some((name, command)) = shared {
        // The caller's own changes claim the idempotency key; this is a part of the request beside them.
        let context = incoming.context.part("pinned_message");
        let stream = entry.conversation;
        let outcome =
            incoming.execute_all::<Aggregate>(stream, vec![(name, command)], &context).await?;
        position = incoming.reflected(&outcome).await?;
    }
    if !own.is_empty() {
        let seat = request.seat(&entry);
        let outcome = incoming.change_own(seat, own, &incoming.context).await?;
        position = incoming.reflected(&outcome).await?;
    }
    Ok(Answer::ok(position, request.entry_of(entry.conversation).await?.into()))
}

async fn pinned_message(
    request: &Protocol,
    fields: &Fields,
    entry: &Entry,
) -> Result<Option<(&'static str, Command)>, Failure> {
    let message = match fields.id("pinned_message_id")? {
        None => return Ok(None),
        Some(None) => return Ok(Some(("UnpinMessage", Command::UnpinMessage))),
        Some(Some(text)) => id::decode(&text),
    };
    let pool = &request.incoming.state.pool;
    let found = match message {
        Some(message) => messages::number(pool, entry.conversation, message).await?,
        None => None,
    };
    match (message, found) {
        (Some(message), Some(_)) => Ok(Some(("PinMessage", Command::PinMessage { message }))),
        _ => Err(Failure::bad_request("pinned_message_id is not a message of this conversation")),
    }
}

/// How far ahead of this server's clock the caller's may be.
const CLOCK_SKEW_MAX: TimeDelta = TimeDelta::minutes(5);

fn own(fields: &Fields, entry: &Entry, now: DateTime<Utc>) -> Result<Vec<ChangeCommand>, Failure> {
    let mut changes = Vec::new();
    match fields.boolean("is_pinned")? {
        Some(true) => changes.push(ChangeCommand::PinConversation),
        Some(false) => changes.push(ChangeCommand::UnpinConversation),
        None => {}
    }
    match fields.boolean("is_muted")? {
        // Muted is muted: an end that it has stays.
        Some(true) if entry.is_muted => {}
        Some(true) => changes.push(ChangeCommand::MuteConversation { until: None }),
        Some(false) => changes.push(ChangeCommand::UnmuteConversation),
        None => {}
    }
    match fields.time("archived_at")? {
        None => {}
        Some(None) => changes.push(ChangeCommand::UnarchiveConversation),
        // The same second is the same time, told in this dialect's precision.
        Some(Some(seconds)) if entry.archived_at.is_some_and(|at| at.timestamp() == seconds) => {}
        Some(Some(seconds)) => {
            let at = DateTime::from_timestamp_secs(seconds)
                .filter(|at| *at <= now + CLOCK_SKEW_MAX)
                .ok_or_else(|| {
                    Failure::bad_request(
                        "archived_at must not be in the future: it is in seconds, not milliseconds",
                    )
                })?;
            changes.push(ChangeCommand::ArchiveConversation { at });
        }
    }
    Ok(changes)
}
