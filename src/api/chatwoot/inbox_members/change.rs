//! Changes of an inbox's members.

use domain::group::MembersChange;
use domain::inbox::{Command, Inbox as Aggregate};
use domain::{InboxId, UserId};
use projections::views::support::Inbox;
use serde::Serialize;
use utoipa::ToSchema;

use crate::chatwoot::body::Body;
use crate::chatwoot::error::missing;
use crate::chatwoot::members;
use crate::chatwoot::objects::{Agent, agent};
use crate::chatwoot::request::Chatwoot;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// An inbox, and agents.
    InboxMembersChange = members::schema(Some("inbox_id"))
}

/// All agents in an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InboxMembers<'a> {
    payload: Vec<Agent<'a>>,
}

/// The agents who are in an inbox now, by id.
pub(super) async fn render(request: &Chatwoot, inbox: InboxId) -> Result<Rendered, Failure> {
    let members = request.views().inbox_members(request.account(), inbox).await?;
    let payload = members.iter().map(|user| agent(user)).collect();
    Ok(Rendered::new(&InboxMembers { payload }))
}

/// The inbox that a body names; refused for callers who may not change it.
pub(super) async fn inbox(request: &Chatwoot, body: &Body) -> Result<Inbox, Failure> {
    request.administer()?;
    request.inbox(body.id("inbox_id").ok_or_else(|| missing("inbox_id"))?).await
}

/// Runs the change; answers with all members afterwards.
pub(super) async fn change(
    request: &Chatwoot,
    change: fn(Vec<UserId>) -> MembersChange,
) -> Result<Rendered, Failure> {
    let body = request.body()?;
    let inbox = inbox(request, &body).await?;
    let users = members::named(request, &body, &[]).await?;
    let set = Command::SetInboxMembers { change: change(users) };
    request.execute::<Aggregate>(inbox.uuid, set).await?;
    render(request, inbox.uuid).await
}
