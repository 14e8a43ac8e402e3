use axum::Json;
use axum::extract::Path;
use domain::audit::Part;
use projections::history::{self, Moment};
use serde_json::Value;

use crate::audit::objects::State;
use crate::audit::request::Auditor;
use crate::edge::failure::Failure;

/// Show a conversation as it was, for all members or as one of them saw it.
#[utoipa::path(get, path = "/conversations/{conversation}/state",
    operation_id = "audit.conversations.state",
    params(("conversation" = uuid::Uuid, Path, description = "The conversation"),
           ("at" = Option<String>, Query,
            description = "A position within the account, or a time such as 2026-01-31T14:03:00Z \
                           (default: now)"),
           ("member" = Option<String>, Query, description = "As the user with this uid saw it")),
    responses((status = 200, description = "The state", body = State),
              (status = 400, description = "No moment"),
              (status = 403, description = "Not an administrator"),
              (status = 404, description = "Unknown, of another account, not there yet, or the \
                                            member was not in it")))]
pub(super) async fn state(
    Path(conversation): Path<String>,
    request: Auditor,
) -> Result<Json<Value>, Failure> {
    let at = request.moment("at")?.unwrap_or(Moment::Position(i64::MAX));
    let member: Option<String> = request.parameter("member", "a uid")?;
    let conversation = request.reads(&conversation, Part::State).await?;
    let account = Some(request.account());
    let state = history::state(request.log(), account, conversation, at, member.as_deref()).await?;
    state.map(Json).ok_or_else(Failure::not_found)
}
