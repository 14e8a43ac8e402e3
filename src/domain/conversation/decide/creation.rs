use super::change;
use super::details::checked;
use crate::Private;
use crate::conversation::{
    Conversation, Create, DESCRIPTION_LENGTH_MAX, Event, Kind, NAME_LENGTH_MAX, Refusal,
    UID_LENGTH_MAX,
};
use crate::limits::{check_metadata, check_tags, check_text};

impl Conversation {
    pub(super) fn create_new(&self, create: Create) -> Result<Vec<Event>, Refusal> {
        match self.kind {
            Some(_) if !self.deleted => Err(Refusal::ConversationExists),
            _ => self.create(create),
        }
    }

    pub(super) fn create(&self, create: Create) -> Result<Vec<Event>, Refusal> {
        if let Some(uid) = &create.uid {
            check_text("uid", uid, UID_LENGTH_MAX)?;
        }
        check_metadata(create.metadata.as_ref())?;
        check_tags(&create.tags)?;
        let name = checked("name", create.name, NAME_LENGTH_MAX)?;
        let description = checked("description", create.description, DESCRIPTION_LENGTH_MAX)?;
        match self.kind {
            Some(_) if self.deleted => return Err(Refusal::ConversationDeleted),
            // The id is derived from the pair or the uid, so the existing chat is the one that is
            // meant.
            Some(Kind::Private | Kind::Contextual) if self.kind == Some(create.kind) => {
                return Ok(change(self.trashed, Event::ConversationRestored));
            }
            Some(Kind::Private | Kind::Room | Kind::Contextual | Kind::Support) => {
                return Err(Refusal::ConversationExists);
            }
            None => {}
        }
        let mut members = create.members;
        members.extend(create.creator);
        members.sort();
        members.dedup();
        match create.kind {
            Kind::Private if members.len() != 2 => return Err(Refusal::PrivateChatNeedsTwo),
            Kind::Contextual if create.uid.is_none() => return Err(Refusal::UidMissing),
            Kind::Support => return Err(Refusal::WrongKind),
            Kind::Private | Kind::Room | Kind::Contextual => {}
        }
        Ok(vec![Event::ConversationCreated {
            kind: create.kind,
            creator: create.creator,
            members,
            uid: create.uid,
            name,
            description,
            metadata: create.metadata.map(Private::from),
            tags: create.tags.into(),
            support: None,
            source_id: None,
            additional_attributes: None,
            custom_attributes: None,
        }])
    }
}
