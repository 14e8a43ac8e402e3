use axum::Json;
use axum::extract::Path;
use chrono::{DateTime, Utc};
use domain::conversation::{Command, Conversation as Aggregate, Refusal};
use domain::participation::{ChangeCommand, Participation};
use event_store::Together;
use projections::views::Entry;
use serde_json::json;

use crate::description::schema;
use crate::edge::commands::own_commands;
use crate::edge::failure::Failure;
use crate::edge::request::CLOCK_SKEW_MAX;
use crate::protocol::body::Fields;
use crate::protocol::id;
use crate::protocol::objects::Conversation;
use crate::protocol::request::Protocol;

schema! {
    /// The changes; fields left out stay.
    ConversationChange = json!({
        "type": "object",
        "properties": {
            "pinned_message_id": {
                "type": ["string", "null"],
                "description": "For everyone: a message of the conversation, or none",
            },
            "is_pinned": { "type": "boolean" },
            "is_muted": { "type": "boolean" },
            "archived_at": {
                "type": ["integer", "null"], "format": "int64", "minimum": 0,
                "description": "Seconds since 1970, not in the future",
            },
        },
        "example": { "is_muted": true },
    })
}

/// Pin a message for everyone; pin, mute or archive the conversation for the caller. What is left
/// out stays.
#[utoipa::path(put, path = "/conversations/{id}",
    operation_id = "protocol.conversations.update",
    params(("id" = String, Path, description = "The conversation")),
    request_body = Option<ConversationChange>,
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 400, description = "A value cannot be used; nothing is changed"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn update(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Json<Conversation>, Failure> {
    let fields = request.fields().await?;
    let entry = request.entry(&id).await?;
    if request.replay().await?.is_some() {
        return request.render_conversation(entry.state.conversation).await;
    }
    // Every field is read before the first takes effect.
    let shared = pinned_message(&request, &fields, &entry).await?;
    let own = own(&fields, request.context.metadata.occurred_at)?;
    let (stream, own) = own_commands(request.membership(&entry), own);
    let mut together = Together::of::<Participation>(stream, own);
    if let Some(command) = shared {
        together = together.and_refused_as::<Aggregate>(
            entry.state.conversation,
            vec![command],
            |refusal| match refusal {
                Refusal::MessageDeleted => not_a_message(),
                refusal => refusal.into(),
            },
        );
    }
    request.execute_together(together).await?;
    request.render_conversation(entry.state.conversation).await
}

fn not_a_message() -> Failure {
    Failure::bad_request("pinned_message_id is not a message of this conversation")
}

async fn pinned_message(
    request: &Protocol,
    fields: &Fields,
    entry: &Entry,
) -> Result<Option<Command>, Failure> {
    let message = match fields.id("pinned_message_id")? {
        None => return Ok(None),
        Some(None) => return Ok(Some(Command::UnpinMessage)),
        Some(Some(text)) => id::decode(&text),
    };
    let conversation = entry.state.conversation;
    let found = match message {
        Some(message) => request.views().message_number(conversation, message).await?,
        None => None,
    };
    match (message, found) {
        (Some(message), Some(_)) => Ok(Some(Command::PinMessage { message })),
        _ => Err(not_a_message()),
    }
}

fn own(fields: &Fields, now: DateTime<Utc>) -> Result<Vec<ChangeCommand>, Failure> {
    let mut changes = Vec::new();
    match fields.boolean("is_pinned")? {
        Some(true) => changes.push(ChangeCommand::PinConversation),
        Some(false) => changes.push(ChangeCommand::UnpinConversation),
        None => {}
    }
    match fields.boolean("is_muted")? {
        Some(true) => changes.push(ChangeCommand::KeepMuted),
        Some(false) => changes.push(ChangeCommand::UnmuteConversation),
        None => {}
    }
    match fields.time("archived_at")? {
        None => {}
        Some(None) => changes.push(ChangeCommand::UnarchiveConversation),
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
