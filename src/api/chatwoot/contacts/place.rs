//! A contact's source id in an inbox.

use domain::contact_link::Command;
use domain::limits::SOURCE_ID_LENGTH_MAX;
use domain::{ContactId, ContactLinkId, Text};
use projections::views::support::Inbox;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chatwoot::body::Body;
use crate::chatwoot::request::Chatwoot;
use crate::description::parts;
use crate::edge::failure::Failure;
use crate::edge::request::new_id;

/// A source id of an inbox that the caller sees.
pub(super) struct Place {
    pub(super) inbox: Inbox,
    pub(super) source_id: String,
}

/// The properties of a body that name it.
pub(super) fn properties() -> [(&'static str, Value); 2] {
    let id = json!({ "type": ["integer", "string", "null"], "description": "The inbox" });
    [("inbox_id", id), ("source_id", parts::text(SOURCE_ID_LENGTH_MAX))]
}

impl Place {
    /// Reads the inbox and the source id from a body; a missing source id is generated. `None` if
    /// the body names no inbox.
    pub(super) async fn read(request: &Chatwoot, body: &Body) -> Result<Option<Self>, Failure> {
        let source_id = body.text("source_id")?;
        let Some(inbox) = body.id("inbox_id") else { return Ok(None) };
        let inbox = request.inbox(inbox).await?;
        let made = || new_id::<Uuid>().to_string();
        let source_id = source_id.map_or_else(made, |text| text.as_str().to_owned());
        Ok(Some(Self { inbox, source_id }))
    }

    /// The stream that records whose source id this is, and the command that links it to a contact.
    pub(super) fn taken_by(
        &self,
        contact: ContactId,
        request: &Chatwoot,
    ) -> (ContactLinkId, Command) {
        let (inbox, source_id) = (self.inbox.uuid, Text::from(self.source_id.as_str()));
        let stream = domain::contact_link_id(request.account(), inbox, &self.source_id);
        (stream, Command::LinkContact { contact, inbox, source_id })
    }
}
