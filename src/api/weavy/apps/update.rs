use axum::extract::Path;
use domain::conversation::{Command, DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX};
use serde_json::json;

use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::weavy::body::Object;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

schema! {
    /// The changes to a conversation; fields left out stay. Without a name of its own a
    /// conversation has a derived one.
    AppChange = json!({
        "type": "object",
        "properties": {
            "name": parts::text(NAME_LENGTH_MAX),
            "description": parts::text(DESCRIPTION_LENGTH_MAX),
            "metadata": parts::metadata(),
            "tags": parts::tags(),
        },
        "example": { "name": "Team" },
    })
}

/// Change a conversation: for its members and the host system.
#[utoipa::path(patch, path = "/apps/{id}",
    operation_id = "weavy.apps.update",
    params(("id" = String, Path,
            description = "Digits are an id, anything else a contextual chat's uid")),
    request_body = AppChange,
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 400, description = "A value cannot be used; nothing is changed"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn update(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let commands = commands(&request.body()?)?;
    let id = request.app_id(&id).await?;
    request.change_conversation(id, false, commands).await?;
    request.render_conversation(id).await
}

fn commands(body: &Object) -> Result<Vec<Command>, Failure> {
    let mut commands = Vec::new();
    if body.names("name") {
        commands.push(Command::RenameConversation { name: body.text("name")? });
    }
    if body.names("description") {
        let description = body.text("description")?;
        commands.push(Command::DescribeConversation { description });
    }
    if body.names("metadata") {
        commands.push(Command::ChangeMetadata { metadata: body.object("metadata")? });
    }
    if let Some(tags) = body.strings("tags")? {
        commands.push(Command::TagConversation { tags });
    }
    Ok(commands)
}
