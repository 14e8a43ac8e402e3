use domain::ConversationId;
use domain::contact_link::{Command as LinkCommand, ContactLink};
use domain::conversation::support::{ContentType, Priority, Status};
use domain::conversation::{Command, Conversation as Aggregate, Refusal};
use event_store::{CommandError, Together};
use serde_json::json;

use super::link::Link;
use super::opening;
use crate::chatwoot::body::Body;
use crate::chatwoot::messages::draft::{self, Draft};
use crate::chatwoot::messages::posting::posting;
use crate::chatwoot::objects::Conversation;
use crate::chatwoot::request::{ATTEMPTS_MAX, Chatwoot, OpenToBots};
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;
use crate::edge::request::new_id;

schema! {
    /// The contact and the inbox: `inbox_id` and `contact_id`, or a known source id.
    NewConversation = {
        let statuses: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
        let priorities: Vec<&str> = Priority::ALL.iter().map(|one| one.as_str()).collect();
        let id = json!({ "type": ["integer", "string", "null"] });
        json!({
            "type": "object",
            "properties": {
                "source_id": {
                    "type": ["string", "null"],
                    "description": "Who the contact is in the inbox; one is made if inbox and \
                                    contact are given",
                },
                "inbox_id": id,
                "contact_id": id,
                "additional_attributes": parts::attributes(),
                "custom_attributes": parts::attributes(),
                "status": { "type": "string", "enum": statuses, "default": "open" },
                "snoozed_until": parts::time(""),
                "priority": { "type": "string", "enum": priorities },
                "assignee_id": id,
                "team_id": id,
                "message": draft::described(ContentType::ALL),
            },
            "example": { "source_id": "src-1", "inbox_id": 3, "contact_id": 501 },
        })
    }
}

/// Create a conversation. In an inbox with a single conversation per contact, find the existing
/// one.
#[utoipa::path(post, path = "/{account_id}/conversations",
    operation_id = "chatwoot.conversations.create",
    params(("account_id" = i64, Path, description = "The caller's account")),
    request_body = NewConversation,
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 403, description = "The inbox is not the caller's"),
              (status = 404, description = "There is no such inbox, contact, source id, agent or \
                                            team"),
              (status = 422, description = "No source id, or a value that is refused: then nothing \
                                            is made")))]
pub(super) async fn create(OpenToBots(request): OpenToBots) -> Result<Rendered, Failure> {
    let body = request.body()?;
    if let Some(made) = request.replay().await? {
        return request.render_conversation(made.aggregate_id.into()).await;
    }
    let link = Link::read(&request, &body).await?;
    let draft = match body.part("message")? {
        None => None,
        Some(message) => Some(Draft::read(&request, &message, link.inbox.channel, link.contact)?),
    };
    let id = match link.inbox.lock_to_single_conversation {
        false => make(&request, &body, &link, draft).await?,
        true => find_or_make(&request, &body, &link, draft).await?,
    };
    request.render_conversation(id).await
}

/// Creates a conversation, its first message and its contact's link to the inbox in one commit.
async fn make(
    request: &Chatwoot,
    body: &Body,
    link: &Link,
    draft: Option<Draft>,
) -> Result<ConversationId, Failure> {
    let create = opening::read(request, body, link).await?;
    let mut commands = vec![Command::CreateSupport(Box::new(create))];
    // A conversation that does not exist yet is not muted.
    commands.extend(draft.map(|draft| draft.post(Some(false))));
    let together = Together::of::<Aggregate>(new_id(), commands)
        .and::<ContactLink>(link.id, vec![link.command()]);
    let outcome = request.execute_together(together).await?;
    Ok(outcome.aggregate_id.into())
}

/// Finds or creates the only conversation of a link. Its id is chosen once, in the link's own
/// stream, so concurrent requests get the same id, and the first of them creates it.
async fn find_or_make(
    request: &Chatwoot,
    body: &Body,
    link: &Link,
    draft: Option<Draft>,
) -> Result<ConversationId, Failure> {
    let mut gone = None;
    for _ in 0..ATTEMPTS_MAX {
        let id = choose(request, link, gone).await?;
        let found = request.views().support_conversation_of(request.account(), id).await?;
        let mut commands = Vec::new();
        if found.is_none() {
            let create = opening::read(request, body, link).await?;
            commands.push(Command::CreateSupport(Box::new(create)));
        }
        let all = posting(id, found.as_deref(), commands, draft.clone());
        match request.services.commands.execute_together(all, &request.context).await {
            Err(CommandError::Refused(Refusal::MuteUnknown)) => request.wait_for_head().await?,
            // The chosen conversation was erased: choose another one.
            Err(CommandError::Refused(Refusal::ConversationDeleted)) => gone = Some(id),
            outcome => {
                let outcome = outcome?;
                request.wait_for(&outcome).await?;
                return Ok(outcome.aggregate_id.into());
            }
        }
    }
    Err(Failure::unavailable("too many writers; try again"))
}

/// The conversation chosen for a link, which may not exist yet.
async fn choose(
    request: &Chatwoot,
    link: &Link,
    gone: Option<ConversationId>,
) -> Result<ConversationId, Failure> {
    let chosen = async || {
        let source_id = link.source_id.as_str();
        let found = request.views().link(request.account(), link.inbox.uuid, source_id).await?;
        let chosen = found.filter(|found| found.contact == link.contact);
        Ok::<_, Failure>(chosen.and_then(|found| found.chosen).filter(|id| Some(*id) != gone))
    };
    if let Some(chosen) = chosen().await? {
        return Ok(chosen);
    }
    let newest = request.views().newest_of_link(link.id).await?;
    let conversation = newest.filter(|id| Some(*id) != gone).unwrap_or_else(new_id);
    let choose = LinkCommand::ChooseConversation { conversation, instead_of: gone };
    request.prepare::<ContactLink>(link.id, vec![link.command(), choose]).await?;
    chosen().await?.ok_or_else(Failure::not_found)
}
