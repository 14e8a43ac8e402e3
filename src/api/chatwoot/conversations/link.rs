//! The contact and the inbox of a new conversation.

use axum::http::StatusCode;
use domain::contact_link::Command;
use domain::{ContactId, ContactLinkId, Text};
use projections::views::support::{Inbox, LinkSought};
use uuid::Uuid;

use crate::chatwoot::body::Body;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::{Failure, Source};
use crate::edge::request::new_id;

/// A contact's source id in an inbox, recorded already or about to be.
pub(super) struct Link {
    pub(super) id: ContactLinkId,
    pub(super) inbox: Inbox,
    pub(super) contact: ContactId,
    pub(super) source_id: Text,
}

impl Link {
    /// Links the source id to the contact, unless it is linked already.
    pub(super) fn command(&self) -> Command {
        let (contact, inbox) = (self.contact, self.inbox.uuid);
        Command::LinkContact { contact, inbox, source_id: self.source_id.clone() }
    }

    /// Reads the link that a body describes: by inbox and contact, or by a known source id.
    pub(super) async fn read(request: &Chatwoot, body: &Body) -> Result<Self, Failure> {
        let account = request.account();
        let source_id = body.text("source_id")?;
        let inbox = match body.id("inbox_id") {
            None => None,
            Some(number) => Some(request.inbox(number).await?),
        };
        let contact = match body.id("contact_id") {
            None => None,
            Some(number) => Some(request.contact(number).await?.uuid),
        };
        match (inbox, contact, source_id) {
            (Some(inbox), Some(contact), source_id) => {
                let source_id =
                    source_id.unwrap_or_else(|| new_id::<Uuid>().to_string().as_str().into());
                let id = domain::contact_link_id(account, inbox.uuid, source_id.as_str());
                Ok(Self { id, inbox, contact, source_id })
            }
            (_, _, None) => {
                let text = "creating a conversation requires a source id";
                let at = Source::Pointer("/source_id".to_owned());
                Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, text).at(at))
            }
            (inbox, contact, Some(source_id)) => {
                let sought = LinkSought {
                    source_id: source_id.as_str().to_owned(),
                    inbox: inbox.as_ref().map(|inbox| inbox.uuid),
                    contact,
                };
                let found = request.views().link_sought(account, &sought).await?;
                let found = found.ok_or_else(Failure::not_found)?;
                request.may_see(found.inbox)?;
                let inbox = match inbox {
                    Some(inbox) => inbox,
                    None => request.inbox_of(found.inbox).await?,
                };
                Ok(Self { id: found.uuid, inbox, contact: found.contact, source_id })
            }
        }
    }
}
