use axum::extract::Path;
use domain::inbox::{Command, Inbox as Aggregate};
use serde_json::json;

use super::settings;
use crate::chatwoot::objects::{Inbox, inbox};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The changes to an inbox. Fields left out or null stay.
    InboxChange = settings::schema(json!({ "name": "Shop" }))
}

/// Change an inbox: for administrators and service tokens. Fields left out stay.
#[utoipa::path(method(put, patch), path = "/{account_id}/inboxes/{id}",
    operation_id = "chatwoot.inboxes",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The inbox")),
    request_body = Option<InboxChange>,
    responses((status = 200, description = "The inbox", body = Inbox),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 422, description = "A value cannot be used")))]
pub(super) async fn update(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    request.administer()?;
    let number = number_in_path(&id)?;
    let known = request.inbox(number).await?;
    let body = request.body()?;
    let of_channel = body.part("channel")?.unwrap_or_default();
    let settings = settings::read(&body, &of_channel, known.channel)?;
    let update = Command::UpdateInbox { settings };
    request.execute::<Aggregate>(known.uuid, update).await?;
    Ok(Rendered::new(&inbox(&request.inbox(number).await?)))
}
