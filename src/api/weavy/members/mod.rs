mod add;
mod list;
mod put;
mod remove;
mod take_out;

use axum::http::StatusCode;
use domain::UserId;
use domain::conversation::Command;
use projections::views::Reference;
use serde_json::json;
use utoipa_axum::routes;

use crate::description::schema;
use crate::edge::commands::MEMBERS_MAX;
use crate::edge::dialect::Routes;
use crate::edge::failure::Failure;
use crate::weavy::request::{Weavy, is_number, number};

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list::list, add::add, remove::remove))
        .routes(routes!(put::put, take_out::take_out))
}

schema! {
    /// Users, by id or, as strings, uid.
    Users = json!({
        "type": "array", "maxItems": MEMBERS_MAX, "items": { "type": ["integer", "string"] },
        "example": [14, "bob"],
    })
}

/// The users named in a path segment, separated by commas.
async fn users_in_path(request: &Weavy, path: &str) -> Result<Vec<UserId>, Failure> {
    if path.contains('\0') {
        return Err(Failure::not_found());
    }
    let reference = |text: &str| match is_number(text) {
        true => text.parse().map(Reference::Id).map_err(|_| Failure::not_found()),
        false => Ok(Reference::Text(text.to_owned())),
    };
    let references = path.split(',').map(reference).collect::<Result<Vec<_>, _>>()?;
    let found = request.views().resolve(request.account(), &references).await?;
    found.into_iter().collect::<Option<Vec<_>>>().ok_or_else(Failure::not_found)
}

/// Adds or removes users, if the caller may. The replay is looked up first, so that a caller who
/// has left can repeat the request under the same key.
async fn change(
    request: &Weavy,
    id: &str,
    users: Vec<UserId>,
    command: fn(UserId) -> Command,
) -> Result<StatusCode, Failure> {
    if request.replay().await?.is_some() {
        return Ok(StatusCode::OK);
    }
    let id = request.conversation_id(number(id)?).await?;
    let commands = users.into_iter().map(command).collect();
    request.change_conversation(id, false, commands).await?;
    Ok(StatusCode::OK)
}

fn let_in(user: UserId) -> Command {
    Command::AddMember { user }
}

fn let_out(user: UserId) -> Command {
    Command::RemoveMember { user }
}
