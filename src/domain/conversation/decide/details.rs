//! The name, the description, the tags, the host system's data and the picture.

use serde_json::{Map, Value};

use super::change;
use crate::conversation::{Conversation, DESCRIPTION_LENGTH_MAX, Event, NAME_LENGTH_MAX, Refusal};
use crate::limits::{AVATAR_URL_LENGTH_MAX, check_metadata, check_optional, check_tags};
use crate::{Private, Text};

impl Conversation {
    pub(super) fn rename(&self, name: Option<Text>) -> Result<Vec<Event>, Refusal> {
        self.present()?;
        let name = checked("name", name, NAME_LENGTH_MAX)?;
        Ok(change(self.name != name, Event::ConversationRenamed { name }))
    }

    pub(super) fn describe(&self, description: Option<Text>) -> Result<Vec<Event>, Refusal> {
        self.present()?;
        let description = checked("description", description, DESCRIPTION_LENGTH_MAX)?;
        let is_new = self.description != description;
        Ok(change(is_new, Event::ConversationDescribed { description }))
    }

    pub(super) fn tag(&self, tags: Vec<String>) -> Result<Vec<Event>, Refusal> {
        self.present()?;
        check_tags(&tags)?;
        let tags = Private::from(tags);
        Ok(change(self.tags != tags, Event::ConversationTagged { tags }))
    }

    pub(super) fn change_metadata(
        &self,
        metadata: Option<Map<String, Value>>,
    ) -> Result<Vec<Event>, Refusal> {
        self.present()?;
        check_metadata(metadata.as_ref())?;
        let metadata = metadata.map(Private::from);
        Ok(change(self.metadata != metadata, Event::MetadataChanged { metadata }))
    }

    pub(super) fn change_avatar(&self, avatar_url: Option<Text>) -> Result<Vec<Event>, Refusal> {
        self.present()?;
        let avatar_url = checked("avatar_url", avatar_url, AVATAR_URL_LENGTH_MAX)?;
        Ok(change(self.avatar_url != avatar_url, Event::AvatarChanged { avatar_url }))
    }
}

/// Blank counts as none.
pub(super) fn checked(
    field: &'static str,
    text: Option<Text>,
    length_max: usize,
) -> Result<Option<Text>, Refusal> {
    let text = text.filter(|text| !text.is_blank());
    check_optional(field, text.as_ref(), length_max)?;
    Ok(text)
}
