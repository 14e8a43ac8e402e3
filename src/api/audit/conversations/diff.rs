use axum::Json;
use axum::extract::Path;
use domain::audit::Part;
use projections::history::{self, Bounds, Moment};

use crate::audit::objects::Steps;
use crate::audit::request::Auditor;
use crate::edge::failure::Failure;

const PAGE: Bounds = Bounds { steps_max: 1000, bytes_max: 8 * 1024 * 1024 };

/// Show what changed in a conversation between two points in time, by whom and by which request: at
/// most a thousand events, and some 8 MiB.
#[utoipa::path(get, path = "/conversations/{conversation}/diff",
    operation_id = "audit.conversations.diff",
    params(("conversation" = uuid::Uuid, Path, description = "The conversation"),
           ("from" = String, Query,
            description = "A position within the account, or a time such as 2026-01-31T14:03:00Z"),
           ("to" = Option<String>, Query, description = "The same (default: now)")),
    responses((status = 200, description = "The changes", body = Steps),
              (status = 400, description = "No moment"),
              (status = 403, description = "Not an administrator"),
              (status = 404, description = "Unknown, of another account, or not there yet")))]
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
    let found = history::diff(request.log(), account, conversation, (from, to), PAGE).await?;
    let history::Steps { steps: data, more } = found.ok_or_else(Failure::not_found)?;
    let next = data.last().filter(|_| more).map(|last| last.position);
    Ok(Json(Steps { data, next }))
}
