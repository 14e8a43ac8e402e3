use axum::extract::Path;
use domain::conversation::Refusal;
use domain::conversation::support::ContentType;
use event_store::CommandError;

use super::draft::{self, Draft};
use super::posting::posting;
use crate::chatwoot::body::Body;
use crate::chatwoot::objects::{self, PostedMessage};
use crate::chatwoot::request::{ATTEMPTS_MAX, OpenToBots};
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// A message to post.
    NewMessage = draft::described(ContentType::ALL)
}

/// Post a message.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/messages",
    operation_id = "chatwoot.messages.create",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    request_body(content((NewMessage = "application/json"), (NewMessage = "multipart/form-data"))),
    responses((status = 200, description = "The message", body = PostedMessage),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn create(
    Path((_account, id)): Path<(String, String)>,
    OpenToBots(request): OpenToBots,
) -> Result<Rendered, Failure> {
    let place = request.place(&id).await?;
    let body = Body::json_or_parts(&request.headers, request.body.clone()).await?;
    let draft = Draft::read(&request, &body, place.channel, place.contact)?;
    let mut attempts = 1;
    let outcome = loop {
        // Only incoming messages depend on the conversation's state.
        let known = match draft.is_incoming() {
            true => Some(request.conversation(&id).await?),
            false => None,
        };
        let post = posting(place.uuid, known.as_deref(), Some(draft.clone()));
        match request.services.commands.execute_together(post, &request.context).await {
            Err(CommandError::Refused(Refusal::MuteUnknown)) if attempts < ATTEMPTS_MAX => {
                attempts += 1;
                request.wait_for_head().await?;
            }
            outcome => break outcome?,
        }
    };
    request.wait_for(&outcome).await?;
    let number = outcome.first.ok_or_else(Failure::not_found)?.into();
    let posted = request.views().support_posted(place.uuid, number).await?;
    let posted = posted.ok_or_else(Failure::not_found)?;
    Ok(Rendered::new(&objects::posted(&posted, &place)))
}
