use crate::Text;

use super::{Command, Event, NAME_LENGTH_MAX, Profile, Refusal, UID_LENGTH_MAX, User};

impl User {
    /// The rules. No events: the command is right, and nothing has to change.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::RegisterUser { uid, profile } => {
                if self.registered {
                    return Err(Refusal::UserExists);
                }
                if uid.trim().is_empty() || uid.chars().count() > UID_LENGTH_MAX {
                    return Err(Refusal::UidInvalid);
                }
                Ok(vec![Event::UserRegistered { uid, profile: checked(profile)? }])
            }
            Command::UpdateUser { profile } => {
                if !self.registered {
                    return Err(Refusal::UserUnknown);
                }
                let profile = self.profile.difference(checked(profile)?);
                if profile == Profile::default() {
                    return Ok(vec![]);
                }
                Ok(vec![Event::UserUpdated { profile }])
            }
        }
    }
}

fn checked(profile: Profile) -> Result<Profile, Refusal> {
    let too_long =
        |text: &Option<Text>| text.as_ref().is_some_and(|text| text.length() > NAME_LENGTH_MAX);
    if too_long(&profile.name) {
        Err(Refusal::NameTooLong)
    } else if too_long(&profile.username) {
        Err(Refusal::UsernameTooLong)
    } else {
        Ok(profile)
    }
}
