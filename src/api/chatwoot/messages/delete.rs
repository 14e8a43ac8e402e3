use axum::extract::Path;
use domain::conversation::{Command, Conversation as Aggregate};

use crate::chatwoot::objects::{self, PostedMessage};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Delete a message for good; a placeholder remains in its place.
#[utoipa::path(delete, path = "/{account_id}/conversations/{id}/messages/{message_id}",
    operation_id = "chatwoot.messages.delete",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation"),
           ("message_id" = i64, Path, description = "The message")),
    responses((status = 200, description = "What is left of it", body = PostedMessage),
              (status = 403, description = "Of an inbox that is not the caller's"),
              (status = 404, description = "There is no such message")))]
pub(super) async fn delete(
    Path((_account, id, message_id)): Path<(String, String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let place = request.place(&id).await?;
    let number = number_in_path(&message_id)?;
    let find = async || {
        let found = request.views().support_message(place.uuid, number).await?;
        found.ok_or_else(Failure::not_found)
    };
    let message = find().await?.uuid;
    let delete = Command::DeleteMessage { message };
    request.execute::<Aggregate>(place.uuid, delete).await?;
    Ok(Rendered::new(&objects::posted(&find().await?, &place)))
}
