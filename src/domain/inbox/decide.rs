use super::{Command, Event, Inbox, NAME_LENGTH_MAX, Refusal, Settings, WEBSITE_URL_LENGTH_MAX};
use crate::Text;
use crate::limits::{EMAIL_LENGTH_MAX, check_optional};

pub(super) fn decide(inbox: &Inbox, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::CreateInbox { .. } if inbox.created => Err(Refusal::InboxExists),
        Command::CreateInbox { channel, settings } => {
            if settings.name.is_none() {
                return Err(Refusal::NameBlank);
            }
            Ok(vec![Event::InboxCreated { channel, settings: checked(settings)? }])
        }
        _ if !inbox.created => Err(Refusal::InboxUnknown),
        Command::UpdateInbox { settings } => {
            let settings = inbox.settings.difference(checked(settings)?);
            if settings == Settings::default() {
                return Ok(vec![]);
            }
            Ok(vec![Event::InboxUpdated { settings }])
        }
        Command::SetInboxMembers { change } => {
            let members = change.of(&inbox.members)?;
            Ok(members.map(|members| Event::InboxMembersSet { members }).into_iter().collect())
        }
    }
}

fn checked(settings: Settings) -> Result<Settings, Refusal> {
    if settings.name.as_ref().is_some_and(Text::is_blank) {
        return Err(Refusal::NameBlank);
    }
    check_optional("name", settings.name.as_ref(), NAME_LENGTH_MAX)?;
    check_optional("website_url", settings.website_url.as_ref(), WEBSITE_URL_LENGTH_MAX)?;
    check_optional("email", settings.email.as_ref(), EMAIL_LENGTH_MAX)?;
    Ok(settings)
}
