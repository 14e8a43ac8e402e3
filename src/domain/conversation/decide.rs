use uuid::Uuid;

use super::{
    Command, Conversation, Create, DESCRIPTION_LENGTH_MAX, Event, Kind, NAME_LENGTH_MAX, Refusal,
    TEXT_LENGTH_MAX, UID_LENGTH_MAX,
};
use crate::limits::{
    AVATAR_URL_LENGTH_MAX, check_metadata, check_optional, check_tags, check_text,
};
use crate::{Private, Text};

pub(super) fn decide(conversation: &Conversation, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::CreateConversation(create) => conversation.create(create),
        Command::RenameConversation { name } => {
            conversation.present()?;
            let name = checked("name", name, NAME_LENGTH_MAX)?;
            Ok(change(conversation.name != name, Event::ConversationRenamed { name }))
        }
        Command::DescribeConversation { description } => {
            conversation.present()?;
            let description = checked("description", description, DESCRIPTION_LENGTH_MAX)?;
            Ok(change(
                conversation.description != description,
                Event::ConversationDescribed { description },
            ))
        }
        Command::TagConversation { tags } => {
            conversation.present()?;
            check_tags(&tags)?;
            let tags = Private::from(tags);
            Ok(change(conversation.tags != tags, Event::ConversationTagged { tags }))
        }
        Command::ChangeAvatar { avatar_url } => {
            conversation.present()?;
            let avatar_url = checked("avatar_url", avatar_url, AVATAR_URL_LENGTH_MAX)?;
            Ok(change(conversation.avatar_url != avatar_url, Event::AvatarChanged { avatar_url }))
        }
        Command::PinMessage { message } => {
            conversation.present()?;
            if conversation.deleted_messages.contains(&message) {
                return Err(Refusal::MessageDeleted);
            }
            Ok(change(
                conversation.pinned_message != Some(message),
                Event::MessagePinned { message },
            ))
        }
        Command::UnpinMessage => {
            conversation.present()?;
            Ok(change(conversation.pinned_message.is_some(), Event::MessageUnpinned))
        }
        Command::TrashConversation => {
            conversation.kind()?;
            Ok(change(!conversation.trashed, Event::ConversationTrashed))
        }
        Command::RestoreConversation => {
            conversation.kind()?;
            Ok(change(conversation.trashed, Event::ConversationRestored))
        }
        Command::AddMember { user } => {
            conversation.members_may_change()?;
            Ok(change(!conversation.members.contains(&user), Event::MemberAdded { user }))
        }
        Command::RemoveMember { user } => {
            conversation.members_may_change()?;
            Ok(change(conversation.members.contains(&user), Event::MemberRemoved { user }))
        }
        Command::PostMessage { message, author, text, metadata, tags } => {
            conversation.present()?;
            conversation.member(author)?;
            let text = checked_text(text)?;
            check_metadata(metadata.as_ref())?;
            check_tags(&tags)?;
            let (metadata, tags) = (metadata.map(Private::from), tags.into());
            Ok(vec![Event::MessagePosted { message, author, text, metadata, tags }])
        }
        Command::EditMessage { message, author, text, metadata, tags } => {
            conversation.present()?;
            conversation.member(author)?;
            if conversation.deleted_messages.contains(&message) {
                return Err(Refusal::MessageDeleted);
            }
            let text = checked_text(text)?;
            check_metadata(metadata.as_ref())?;
            check_tags(&tags)?;
            let (metadata, tags) = (metadata.map(Private::from), tags.into());
            Ok(vec![Event::MessageEdited { message, author, text, metadata, tags }])
        }
        Command::DeleteMessage { message } => {
            conversation.kind()?;
            let present = !conversation.deleted_messages.contains(&message);
            Ok(change(present, Event::MessageDeleted { message }))
        }
        Command::DeleteConversation if conversation.deleted => Ok(vec![]),
        Command::DeleteConversation => {
            conversation.kind()?;
            Ok(vec![Event::ConversationDeleted])
        }
    }
}

impl Conversation {
    fn create(&self, create: Create) -> Result<Vec<Event>, Refusal> {
        match self.kind {
            Some(_) if self.deleted => return Err(Refusal::ConversationDeleted),
            // Its id says whose chat it is, so the one that exists is the one that was meant.
            Some(Kind::Private | Kind::Contextual) if self.kind == Some(create.kind) => {
                return Ok(change(self.trashed, Event::ConversationRestored));
            }
            Some(_) => return Err(Refusal::ConversationExists),
            None => {}
        }
        let mut members = create.members;
        members.extend(create.creator);
        members.sort();
        members.dedup();
        if create.kind == Kind::Private && members.len() != 2 {
            return Err(Refusal::PrivateChatNeedsTwo);
        }
        if create.kind == Kind::Contextual && create.uid.is_none() {
            return Err(Refusal::UidMissing);
        }
        if let Some(uid) = &create.uid {
            check_text("uid", uid, UID_LENGTH_MAX)?;
        }
        check_metadata(create.metadata.as_ref())?;
        check_tags(&create.tags)?;
        Ok(vec![Event::ConversationCreated {
            kind: create.kind,
            creator: create.creator,
            members,
            uid: create.uid,
            name: checked("name", create.name, NAME_LENGTH_MAX)?,
            description: checked("description", create.description, DESCRIPTION_LENGTH_MAX)?,
            metadata: create.metadata.map(Private::from),
            tags: create.tags.into(),
        }])
    }

    fn kind(&self) -> Result<Kind, Refusal> {
        if self.deleted {
            return Err(Refusal::ConversationDeleted);
        }
        self.kind.ok_or(Refusal::ConversationUnknown)
    }

    fn present(&self) -> Result<Kind, Refusal> {
        let kind = self.kind()?;
        if self.trashed { Err(Refusal::ConversationTrashed) } else { Ok(kind) }
    }

    fn member(&self, user: Uuid) -> Result<(), Refusal> {
        if self.members.contains(&user) { Ok(()) } else { Err(Refusal::NotAMember(user)) }
    }

    fn members_may_change(&self) -> Result<(), Refusal> {
        match self.present()? {
            Kind::Private => Err(Refusal::MembersFixed),
            Kind::Room | Kind::Contextual => Ok(()),
        }
    }
}

fn change(needed: bool, event: Event) -> Vec<Event> {
    if needed { vec![event] } else { vec![] }
}

fn checked_text(text: Text) -> Result<Text, Refusal> {
    if text.is_blank() {
        return Err(Refusal::TextBlank);
    }
    check_text("text", text.as_str(), TEXT_LENGTH_MAX)?;
    Ok(text)
}

/// Blank counts as none.
fn checked(
    field: &'static str,
    text: Option<Text>,
    length_max: usize,
) -> Result<Option<Text>, Refusal> {
    let text = text.filter(|text| !text.is_blank());
    check_optional(field, text.as_ref(), length_max)?;
    Ok(text)
}
