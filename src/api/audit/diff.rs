use axum::Json;
use axum::extract::Path;
use domain::audit::Part;
use projections::history::{self, Moment, Step};
use serde::Serialize;
use utoipa::ToSchema;

use super::Error;
use super::request::Auditor;
use crate::failure::Failure;

/// What changed, event by event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Steps {
    #[schema(value_type = Vec<Object>)]
    data: Vec<Step>,
    /// For `from` of the next page; left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

const LIMIT: usize = 1000;

/// Show what changed in a conversation between two moments, by whom, in which request; a thousand events at most.
#[utoipa::path(get, path = "/conversations/{conversation}/diff", tag = "Audit",
    params(("conversation" = uuid::Uuid, Path, description = "The conversation"),
           ("from" = String, Query, description = "A log position, or a time such as 2026-01-31T14:03:00Z"),
           ("to" = Option<String>, Query, description = "The same; now unless told")),
    responses((status = 200, description = "The changes", body = Steps),
              (status = 400, description = "No moment", body = Error),
              (status = 403, description = "Not an administrator", body = Error),
              (status = 404, description = "Unknown, of another account, or not there yet", body = Error)))]
pub(super) async fn diff(
    Path(conversation): Path<String>,
    request: Auditor,
) -> Result<Json<Steps>, Failure> {
    let Some(from) = request.moment("from")? else {
        return Err(Failure::bad_request("from is missing"));
    };
    let to = request.moment("to")?.unwrap_or(Moment::Position(i64::MAX));
    let conversation = request.reads(&conversation, Part::Diff).await?;
    let account = Some(request.account());
    let steps = history::diff(request.log(), account, conversation, from, to, LIMIT + 1).await?;
    let mut data = steps.ok_or_else(Failure::not_found)?;
    let more = data.len() > LIMIT;
    data.truncate(LIMIT);
    let next = data.last().filter(|_| more).map(|last| last.position);
    Ok(Json(Steps { data, next }))
}
