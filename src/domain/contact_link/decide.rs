use super::{Command, ContactLink, Event, Refusal};
use crate::limits::{SOURCE_ID_LENGTH_MAX, check_text};

pub(super) fn decide(link: &ContactLink, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::LinkContact { contact, inbox, source_id } => match link.contact {
            None if source_id.is_blank() => Err(Refusal::SourceIdBlank),
            None => {
                check_text("source_id", source_id.as_str(), SOURCE_ID_LENGTH_MAX)?;
                Ok(vec![Event::ContactLinked { contact, inbox, source_id }])
            }
            Some(linked) if linked == contact => Ok(vec![]),
            Some(_) => Err(Refusal::SourceIdTaken),
        },
        Command::ChooseConversation { .. } if link.contact.is_none() => Err(Refusal::LinkUnknown),
        Command::ChooseConversation { conversation, instead_of } => match link.conversation {
            Some(chosen) if chosen == conversation => Ok(vec![]),
            Some(chosen) if Some(chosen) != instead_of => Err(Refusal::ConversationChosen),
            _ => Ok(vec![Event::LinkedConversationChosen { linked: conversation }]),
        },
    }
}
