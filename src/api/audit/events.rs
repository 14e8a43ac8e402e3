use axum::Json;
use axum::extract::Path;
use chrono::{DateTime, Utc};
use domain::audit::Part;
use event_store::{RecordedEvent, Search};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::request::Auditor;
use crate::edge::failure::Failure;

/// An event as auditors read it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    /// Within the account.
    position: i64,
    event_id: Uuid,
    recorded_at: DateTime<Utc>,
    aggregate_type: String,
    aggregate_id: Uuid,
    sequence: i64,
    event_type: String,
    event_version: String,
    /// What happened; `[erased]` in place of what was erased, `[unreadable]` in place of what does not open.
    event: Value,
    /// Who, from where, in which request.
    metadata: Value,
    /// SHA-256 of the digest before and this event, in hexadecimal.
    digest: String,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    data: Vec<Event>,
    /// For `after` of the next page; left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

const LIMIT_DEFAULT: i64 = 100;
const LIMIT_MAX: i64 = 1000;

/// List the events of a conversation, its members' own and those of its auditors too, oldest first.
#[utoipa::path(get, path = "/conversations/{conversation}/events",
    operation_id = "audit.conversations.events",
    params(("conversation" = Uuid, Path, description = "The conversation"),
           ("after" = Option<i64>, Query, description = "Only events after this position"),
           ("limit" = Option<i64>, Query, description = "Events at most, 100 unless told, up to 1000")),
    responses((status = 200, description = "A page", body = Events),
              (status = 403, description = "Not an administrator"),
              (status = 404, description = "Unknown, or of another account")))]
pub(super) async fn events(
    Path(conversation): Path<String>,
    request: Auditor,
) -> Result<Json<Events>, Failure> {
    let after = request.parameter("after", "a position")?.unwrap_or(0);
    let limit = request.parameter("limit", "a number")?.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let why = format!("limit must be 1 to {LIMIT_MAX}");
        return Err(Failure::bad_request(why));
    }
    let conversation = request.reads(&conversation, Part::Events).await?;
    let search = Search {
        conversation: Some(conversation),
        account: Some(request.account()),
        ..Search::default()
    };
    // What it comes to is not known before it is read.
    if let Some(size) = request.views().answer_size() {
        size.make_room().await?;
    }
    // One more than asked for tells whether there is a next page.
    let after = request.log().position_of(request.account(), after).await?;
    let mut found = request.log().search(&search, after, limit + 1).await?;
    let more = found.len() as i64 > limit;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.account_position);
    Ok(Json(Events { data: found.iter().map(shown).collect(), next }))
}

fn shown(event: &RecordedEvent) -> Event {
    Event {
        position: event.account_position,
        event_id: event.event_id,
        recorded_at: event.recorded_at,
        aggregate_type: event.aggregate_type.clone(),
        aggregate_id: event.aggregate_id,
        sequence: event.sequence,
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        event: event.shown_to_people(),
        // It was written as JSON by this program.
        metadata: serde_json::from_str(&event.metadata).unwrap_or_default(),
        digest: event_store::to_hex(&event.digest),
    }
}
