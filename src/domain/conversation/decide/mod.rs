mod creation;
mod details;
mod life;
mod members;
mod messages;
mod support;

use super::{Command, Conversation, Event, Kind, Refusal};
use crate::Private;

use messages::check_message;

pub(super) fn decide(conversation: &Conversation, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::CreateConversation(create) => conversation.create(create),
        Command::CreateSupport(create) => conversation.create_support(*create),
        Command::Support(command) => conversation.support(command),
        Command::CreateNewConversation(create) => conversation.create_new(create),
        Command::RenameConversation { name } => conversation.rename(name),
        Command::DescribeConversation { description } => conversation.describe(description),
        Command::TagConversation { tags } => conversation.tag(tags),
        Command::ChangeMetadata { metadata } => conversation.change_metadata(metadata),
        Command::ChangeAvatar { avatar_url } => conversation.change_avatar(avatar_url),
        Command::PinMessage { message } => conversation.pin(message),
        Command::UnpinMessage => conversation.unpin(),
        Command::TrashConversation => conversation.trash(),
        Command::RestoreConversation => conversation.restore(),
        Command::AddMember { user } => conversation.add_member(user),
        Command::RemoveMember { user } => conversation.remove_member(user),
        Command::PostMessage { message, author, text, metadata, tags } => {
            conversation.may_write(author)?;
            check_message(&text, metadata.as_ref(), &tags)?;
            let (metadata, tags) = (metadata.map(Private::from), tags.into());
            Ok(vec![Event::MessagePosted {
                message,
                author: Some(author),
                text,
                metadata,
                tags,
                support: None,
                content_attributes: None,
                source_id: None,
            }])
        }
        Command::EditMessage { message, author, text, metadata, tags } => {
            conversation.may_write(author)?;
            conversation.has_not_deleted(message)?;
            check_message(&text, metadata.as_ref(), &tags)?;
            let (metadata, tags) = (metadata.map(Private::from), tags.into());
            Ok(vec![Event::MessageEdited { message, author, text, metadata, tags }])
        }
        Command::DeleteMessage { message } => conversation.delete_message(message),
        Command::DeleteConversation => conversation.delete(),
    }
}

impl Conversation {
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
}

fn change(needed: bool, event: Event) -> Vec<Event> {
    if needed { vec![event] } else { vec![] }
}
