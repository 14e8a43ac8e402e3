use axum::extract::Path;
use domain::conversation::support::{ContentType, SupportCommand};

use super::draft::{self, Draft};
use crate::chatwoot::body::Body;
use crate::chatwoot::objects::{self, PostedMessage};
use crate::chatwoot::request::OpenToBots;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// What to say.
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
    let conversation = request.conversation(&id).await?;
    let body = Body::json_or_parts(&request.headers, request.body.clone()).await?;
    let (channel, contact) = (conversation.channel, conversation.contact.uuid);
    let said = Draft::read(&request, &body, channel, contact)?.message(conversation.muted);
    let post = vec![SupportCommand::PostMessage(Box::new(said))];
    let outcome = request.change(conversation.uuid, post).await?;
    let number = outcome.first.ok_or_else(Failure::not_found)?.into();
    let views = request.views();
    let posted = views.support_posted(request.account(), conversation.uuid, number).await?;
    let posted = posted.ok_or_else(Failure::not_found)?;
    Ok(Rendered::new(&objects::posted(&posted, &conversation)))
}
