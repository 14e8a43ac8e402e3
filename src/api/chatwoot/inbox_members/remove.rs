use domain::group::MembersChange;
use domain::inbox::{Command, Inbox as Aggregate};

use super::change::{self, InboxMembersChange};
use crate::chatwoot::members;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;

/// Remove agents from an inbox: for administrators and service tokens.
#[utoipa::path(delete, path = "/{account_id}/inbox_members",
    operation_id = "chatwoot.inbox_members.remove",
    params(("account_id" = i64, Path, description = "The caller's account")),
    request_body = InboxMembersChange,
    responses((status = 200, description = "They are not in it"),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 404, description = "Unknown inbox or user")))]
pub(super) async fn remove(request: Chatwoot) -> Result<(), Failure> {
    let body = request.body()?;
    let inbox = change::inbox(&request, &body).await?;
    if request.replay().await?.is_some() {
        return Ok(());
    }
    let present = request.views().inbox_members(request.account(), inbox.uuid).await?;
    let users = members::named(&request, &body, &present).await?;
    let set = Command::SetInboxMembers { change: MembersChange::Remove(users) };
    request.execute::<Aggregate>(inbox.uuid, set).await?;
    Ok(())
}
