use std::collections::BTreeSet;

use axum::Json;
use axum::extract::Path;
use domain::UserId;
use domain::conversation::{Command, DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX};
use domain::limits::AVATAR_URL_LENGTH_MAX;
use projections::views::Group as GroupView;
use serde_json::json;

use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::protocol::body;
use crate::protocol::objects::Group;
use crate::protocol::request::Protocol;

schema! {
    /// The changes to a group; `contacts` replaces all other members. Fields left out stay.
    GroupChange = json!({
        "type": "object",
        "properties": {
            "name": parts::text(NAME_LENGTH_MAX),
            "description": parts::text(DESCRIPTION_LENGTH_MAX),
            "avatar_url": parts::text(AVATAR_URL_LENGTH_MAX),
            "contacts": body::contacts(),
        },
        "example": { "name": "Team" },
    })
}

/// Change a group: for its members; removing a member is for its creator and administrators. Fields
/// left out stay.
#[utoipa::path(put, path = "/groups/{id}",
    operation_id = "protocol.groups.update",
    params(("id" = String, Path, description = "The group")),
    request_body = Option<GroupChange>,
    responses((status = 200, description = "The group", body = Group),
              (status = 400, description = "A value cannot be used; nothing is changed"),
              (status = 403, description = "A member who may not take others out"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn update(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Json<Group>, Failure> {
    let fields = request.fields().await?;
    let group = request.group(&id).await?;
    if request.replay().await?.is_some() {
        return Ok(Json(group.into()));
    }
    let mut commands = Vec::new();
    match fields.text("name")? {
        None => {}
        // A derived name that is sent back must not become the group's own; alone in a group, the
        // derived name is empty.
        Some(name) if group.display_name() == name.clone().unwrap_or_default() => {}
        Some(Some(name)) if !name.trim().is_empty() => {
            let name = Some(name.as_str().into());
            commands.push(Command::RenameConversation { name });
        }
        Some(_) => return Err(Failure::bad_request("name must be 1 to 256 characters long")),
    }
    if let Some(description) = fields.text("description")? {
        let description = description.map(|text| text.as_str().into());
        commands.push(Command::DescribeConversation { description });
    }
    if let Some(avatar_url) = fields.text("avatar_url")? {
        let avatar_url = avatar_url.map(|url| url.as_str().into());
        commands.push(Command::ChangeAvatar { avatar_url });
    }
    if let Some(contacts) = fields.ids("contacts")? {
        commands.extend(members(&request, &group, &contacts).await?);
    }
    let stream = group.conversation.uuid;
    request.change_conversation(stream, false, commands).await?;
    Ok(Json(request.group(&id).await?.into()))
}

/// The members to add and to remove so that exactly these are the others.
async fn members(
    request: &Protocol,
    group: &GroupView,
    contacts: &[String],
) -> Result<Vec<Command>, Failure> {
    let mut wanted: BTreeSet<UserId> = request.contacts(contacts).await?.into_iter().collect();
    wanted.remove(&request.user);
    let present: BTreeSet<UserId> =
        group.contacts.iter().map(|contact| contact.user.uuid).collect();
    let joining = wanted.difference(&present).copied();
    let add = joining.map(|user| Command::AddMember { user });
    let remove = present.difference(&wanted).map(|user| Command::RemoveMember { user: *user });
    Ok(add.chain(remove).collect())
}
