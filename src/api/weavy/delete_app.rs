use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate, Kind};
use projections::inbox;

use super::Problem;
use super::request::{CONVERSATION, Done, Weavy, number};
use crate::token::Role;

/// Erase a conversation for everyone, with its messages: for its creator, either member of a private chat,
/// administrators and the host system.
#[utoipa::path(delete, path = "/apps/{id}", tag = "Weavy",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 204, description = "It is gone for good"),
              (status = 403, description = "A member without the right", body = Problem),
              (status = 404, description = "Unknown, or the caller is not in it", body = Problem)))]
pub(super) async fn delete(Path(id): Path<String>, request: Weavy) -> Result<Done, Problem> {
    let id = number(&id)?;
    request.0.catch_up(CONVERSATION).await?;
    let state = &request.0.state;
    let administers = matches!(request.caller().role, Role::Administrator | Role::Service);
    let viewer = if administers { inbox::Viewer::Key } else { request.viewer() };
    let view = inbox::get(&state.pool, request.account(), viewer, id, true)
        .await?
        .ok_or_else(Problem::not_found)?;
    let created = view.created_by.is_some_and(|creator| creator.uid == request.caller().uid);
    if !(administers || created || view.kind == Kind::Private) {
        return Err(Problem::forbidden(
            "only its creator, an administrator or the host system may delete it",
        ));
    }
    let outcome = state
        .commands
        .execute::<Aggregate>(
            view.uuid,
            "DeleteConversation",
            Command::DeleteConversation,
            &request.0.context,
        )
        .await?;
    let position = request.0.settled(projections::Progress::names(), outcome.position).await?;
    Ok(Done { status: StatusCode::NO_CONTENT, position })
}
