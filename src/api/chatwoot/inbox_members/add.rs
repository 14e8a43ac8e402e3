use domain::group::MembersChange;

use super::change::{self, InboxMembers, InboxMembersChange};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Add agents to an inbox: for administrators and service tokens. Present members stay.
#[utoipa::path(post, path = "/{account_id}/inbox_members",
    operation_id = "chatwoot.inbox_members.add",
    params(("account_id" = i64, Path, description = "The caller's account")),
    request_body = InboxMembersChange,
    responses((status = 200, description = "All agents in the inbox", body = InboxMembers),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 404, description = "Unknown inbox, or a user who is no agent")))]
pub(super) async fn add(request: Chatwoot) -> Result<Rendered, Failure> {
    change::change(&request, MembersChange::Add).await
}
