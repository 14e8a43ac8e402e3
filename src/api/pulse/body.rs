//! Resources in request bodies, and the schemas of the dialect's documents, by resource type.

use uuid::Uuid;

use super::objects::{CHAT, CHAT_BOOKMARK, CHAT_MEMBERSHIP, DIRECT_CONVERSATION, MESSAGE, USER};
use super::request::Pulse;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::jsonapi::body::Attributes;
use crate::jsonapi::schema::{creation, documents};
use crate::jsonapi::{Type, media};

documents!(DirectConversation = DIRECT_CONVERSATION);
documents!(Chat = CHAT);
documents!(ChatMembership = CHAT_MEMBERSHIP);
documents!(Message = MESSAGE);
documents!(ChatBookmark = CHAT_BOOKMARK);
documents!(User = USER);

schema! {
    /// How far a chat is read: to the newest message that is not after `updated_at`.
    Reading = creation(&CHAT_BOOKMARK)
}

impl Pulse {
    /// The attributes of a resource to be created.
    pub(super) fn new_attributes(&self, r#type: &Type) -> Result<Attributes, Failure> {
        self.check_body()?;
        Attributes::of_new(&self.body, r#type)
    }

    /// The attributes of an existing resource.
    pub(super) fn existing_attributes(
        &self,
        r#type: &Type,
        id: Uuid,
    ) -> Result<Attributes, Failure> {
        self.check_body()?;
        Attributes::of_existing(&self.body, r#type, id)
    }

    fn check_body(&self) -> Result<(), Failure> {
        if self.body.is_empty() {
            return Ok(());
        }
        media::check_content_type(&self.headers)
    }
}
