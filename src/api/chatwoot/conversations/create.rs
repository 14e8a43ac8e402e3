use domain::ConversationId;
use domain::contact_link::{self, Command as LinkCommand, ContactLink};
use domain::conversation::support::{ContentType, Priority, Status};
use domain::conversation::{Command, Conversation as Aggregate, Refusal};
use event_store::{CommandError, Outcome, Together};
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
    let first = beginning(request, body, link, draft, new_id()).await?;
    let outcome = request.services.commands.execute_together(first, &request.context).await?;
    request.wait_for(&outcome).await?;
    Ok(outcome.aggregate_id.into())
}

/// Adds the message to the newest conversation of a link, or creates the first one. The link's own
/// stream records which one that is, so that only one of several concurrent requests creates it.
async fn find_or_make(
    request: &Chatwoot,
    body: &Body,
    link: &Link,
    draft: Option<Draft>,
) -> Result<ConversationId, Failure> {
    let mut erased = None;
    for _ in 0..ATTEMPTS_MAX {
        let found = match request.views().newest_of_link(link.id).await? {
            Some(newest) => append(request, newest, draft.clone()).await?,
            None => make_first(request, body, link, draft.clone(), erased).await?,
        };
        if let Some(outcome) = found {
            request.wait_for(&outcome).await?;
            return Ok(outcome.aggregate_id.into());
        }
        request.wait_for_head().await?;
        // The read models now show everything recorded before, so a chosen conversation that is
        // still not found was erased.
        let source_id = link.source_id.as_str();
        let known = request.views().link(request.account(), link.inbox.uuid, source_id).await?;
        erased = known.and_then(|known| known.chosen);
    }
    Err(Failure::unavailable("too many writers; try again"))
}

/// Adds a message to a conversation; `None` if it was muted, unmuted or erased meanwhile.
async fn append(
    request: &Chatwoot,
    id: ConversationId,
    draft: Option<Draft>,
) -> Result<Option<Outcome>, Failure> {
    let found = request.views().support_conversation_of(request.account(), id).await?;
    let post = posting(id, found.as_deref(), draft);
    match request.services.commands.execute_together(post, &request.context).await {
        Err(CommandError::Refused(Refusal::MuteUnknown | Refusal::ConversationDeleted)) => Ok(None),
        outcome => Ok(Some(outcome?)),
    }
}

/// Creates the first conversation of a link in one commit with the link and the message; `None` if
/// a concurrent request did.
async fn make_first(
    request: &Chatwoot,
    body: &Body,
    link: &Link,
    draft: Option<Draft>,
    instead_of: Option<ConversationId>,
) -> Result<Option<Outcome>, Failure> {
    let conversation = new_id();
    let choose = LinkCommand::ChooseConversation { conversation, instead_of };
    let first = beginning(request, body, link, draft, conversation).await?;
    let first = first.and::<ContactLink>(link.id, vec![choose]);
    match request.services.commands.execute_together(first, &request.context).await {
        Err(CommandError::Refused(Refused::QuickerRequest)) => Ok(None),
        outcome => Ok(Some(outcome?)),
    }
}

/// The commands that create a conversation with its message and link its contact.
async fn beginning(
    request: &Chatwoot,
    body: &Body,
    link: &Link,
    draft: Option<Draft>,
    conversation: ConversationId,
) -> Result<Together<Refused>, Failure> {
    let create = opening::read(request, body, link).await?;
    let mut commands = vec![Command::CreateSupport(Box::new(create))];
    // A conversation that does not exist yet is not muted.
    commands.extend(draft.map(|draft| draft.post(Some(false))));
    let together = Together::of::<Aggregate>(conversation, commands);
    Ok(together.and::<ContactLink>(link.id, vec![link.command()]))
}

/// Why a conversation was not created.
enum Refused {
    QuickerRequest,
    Other(Failure),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal.into())
    }
}

impl From<contact_link::Refusal> for Refused {
    fn from(refusal: contact_link::Refusal) -> Self {
        match refusal {
            contact_link::Refusal::ConversationChosen => Self::QuickerRequest,
            refusal => Self::Other(refusal.into()),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::QuickerRequest => contact_link::Refusal::ConversationChosen.into(),
            Refused::Other(failure) => failure,
        }
    }
}
