use axum::extract::Path;
use domain::conversation::TEXT_LENGTH_MAX;
use serde_json::json;

use super::find;
use crate::description::{parts, schema};
use crate::edge::commands::kept_metadata;
use crate::edge::failure::Failure;
use crate::weavy::objects::{Message, Rendered};
use crate::weavy::request::Weavy;

schema! {
    /// The changes to a message; fields left out stay.
    MessageChange = json!({
        "type": "object",
        "properties": {
            "text": parts::required_text(TEXT_LENGTH_MAX),
            "metadata": parts::metadata(),
            "tags": parts::tags(),
        },
        "example": { "text": "Hello again" },
    })
}

/// Edit a message: for its author.
#[utoipa::path(patch, path = "/messages/{id}",
    operation_id = "weavy.messages.edit",
    params(("id" = i64, Path, description = "The message")),
    request_body = MessageChange,
    responses((status = 200, description = "The message", body = Message),
              (status = 400, description = "A value cannot be used"),
              (status = 403, description = "Not the author"),
              (status = 404, description = "Unknown, or the caller is not in its conversation")))]
pub(super) async fn edit(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let author = request.user()?;
    let found = find(&request, &id).await?;
    if found.message.author != author {
        return Err(Failure::forbidden("only its author may edit a message"));
    }
    let body = request.body()?;
    let text = match body.get("text") {
        Some(_) => body.text("text")?.unwrap_or_default(),
        None => found.message.text.as_str().into(),
    };
    let metadata = match body.names("metadata") {
        true => body.object("metadata")?,
        false => kept_metadata(&found.message),
    };
    let tags = body.strings("tags")?.unwrap_or_else(|| found.message.tags.clone());
    let id = found.message.id;
    request.edit(found.message, text, metadata, tags).await?;
    let message = request.views().message(request.account(), id).await?;
    let edited = message.ok_or_else(Failure::not_found)?;
    Ok(Rendered::new(&Message::new(&edited.message, &edited.author, found.number)))
}
