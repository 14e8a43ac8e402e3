use domain::group::MembersChange;

use super::change::{self, InboxMembers, InboxMembersChange};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Replace all agents of an inbox: for administrators and service tokens.
#[utoipa::path(method(put, patch), path = "/{account_id}/inbox_members",
    operation_id = "chatwoot.inbox_members",
    params(("account_id" = i64, Path, description = "The caller's account")),
    request_body = InboxMembersChange,
    responses((status = 200, description = "All agents in the inbox", body = InboxMembers),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 404, description = "Unknown inbox, or a user who is no agent")))]
pub(super) async fn set(request: Chatwoot) -> Result<Rendered, Failure> {
    change::change(&request, MembersChange::Exactly).await
}
