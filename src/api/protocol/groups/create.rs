use axum::Json;
use axum::http::StatusCode;
use domain::conversation::{
    Command, Conversation as Aggregate, Create, DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX,
};
use domain::limits::AVATAR_URL_LENGTH_MAX;
use serde_json::json;

use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::edge::request::new_id;
use crate::protocol::objects::Group;
use crate::protocol::request::Protocol;
use crate::protocol::{body, id};

schema! {
    /// A new group.
    NewGroup = json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": parts::required_text(NAME_LENGTH_MAX),
            "description": parts::text(DESCRIPTION_LENGTH_MAX),
            "avatar_url": parts::text(AVATAR_URL_LENGTH_MAX),
            "contacts": body::contacts(),
        },
        "example": { "name": "Team", "contacts": ["bob", "cat"] },
    })
}

/// Create a group, with the caller as its creator and first member.
#[utoipa::path(post, path = "/groups",
    operation_id = "protocol.groups.create",
    request_body = NewGroup,
    responses((status = 201, description = "The group", body = Group),
              (status = 400, description = "A value cannot be used"),
              (status = 404, description = "Unknown contact")))]
pub(super) async fn create(request: Protocol) -> Result<(StatusCode, Json<Group>), Failure> {
    let fields = request.fields().await?;
    let name = fields.text("name")?.flatten().filter(|name| !name.trim().is_empty());
    let name =
        name.ok_or_else(|| Failure::bad_request("name must be given, 1 to 256 characters"))?;
    let text = |value: Option<Option<String>>| value.flatten().map(|text| text.as_str().into());
    let description = text(fields.text("description")?);
    let avatar_url = text(fields.text("avatar_url")?);
    let contacts = fields.ids("contacts")?.unwrap_or_default();
    let create = Command::CreateConversation(Create {
        name: Some(name.as_str().into()),
        description,
        ..Create::room(request.user, request.contacts(&contacts).await?)
    });
    let commands = vec![create, Command::ChangeAvatar { avatar_url }];
    let outcome = request.execute_all::<Aggregate>(new_id(), commands).await?;
    let group = request.group(&id::encode(outcome.aggregate_id)).await?;
    Ok((StatusCode::CREATED, Json(group.into())))
}
