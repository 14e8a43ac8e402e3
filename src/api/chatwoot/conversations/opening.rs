//! The initial state of a new conversation.

use domain::conversation::support::{CreateSupport, Opening, Priority, Status};

use super::link::Link;
use crate::chatwoot::body::Body;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;

/// Reads the command that creates the conversation.
pub(super) async fn read(
    request: &Chatwoot,
    body: &Body,
    link: &Link,
) -> Result<CreateSupport, Failure> {
    let assignee = match body.clearable_id("assignee_id").flatten() {
        None => None,
        Some(number) => Some(request.agent_named(number).await?.uuid),
    };
    let team = match body.clearable_id("team_id").flatten() {
        None => None,
        Some(number) => Some(request.team(number).await?.uuid),
    };
    let (status, priority) = Failure::both(
        body.one_of("status", Status::ALL, Status::as_str),
        body.one_of("priority", Priority::ALL, Priority::as_str),
    )?;
    let status = status.unwrap_or(Status::Open);
    let opening = Opening {
        inbox: link.inbox.uuid,
        contact: link.contact,
        link: link.id,
        status,
        snoozed_until: match status {
            Status::Snoozed => body.time("snoozed_until")?,
            Status::Open | Status::Resolved | Status::Pending => None,
        },
        priority,
        assignee,
        team,
    };
    Ok(CreateSupport {
        creator: request.caller.user(),
        opening,
        source_id: link.source_id.clone(),
        additional_attributes: body.attributes("additional_attributes"),
        custom_attributes: body.attributes("custom_attributes"),
    })
}
