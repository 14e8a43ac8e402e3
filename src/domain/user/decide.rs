use chrono::{DateTime, Utc};

use crate::limits::{
    AVATAR_URL_LENGTH_MAX, EMAIL_LENGTH_MAX, check_metadata, check_optional, check_tags, check_text,
};
use crate::{Private, Text};

use super::{Command, Event, NAME_LENGTH_MAX, Profile, Refusal, SYSTEM_UID, UID_LENGTH_MAX, User};

pub(super) fn decide(user: &User, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::RegisterUser { uid, profile } => register(user, uid, profile, None),
        Command::UpdateUser { profile } => update(user, profile, None),
        Command::FollowToken { uid, profile, issued_at } if !user.registered => {
            register(user, uid, profile, issued_at)
        }
        Command::FollowToken { issued_at, .. } if has_followed(user, issued_at) => Ok(vec![]),
        Command::FollowToken { profile, issued_at, .. } => update(user, profile, issued_at),
        Command::RevokeTokens { .. } if !user.registered => Err(Refusal::UserUnknown),
        Command::RevokeTokens { issued_until } if user.revoked_until >= Some(issued_until) => {
            Ok(vec![])
        }
        Command::RevokeTokens { issued_until } => Ok(vec![Event::TokensRevoked { issued_until }]),
    }
}

fn register(
    user: &User,
    uid: String,
    profile: Profile,
    token_issued_at: Option<DateTime<Utc>>,
) -> Result<Vec<Event>, Refusal> {
    if user.registered {
        return Err(Refusal::UserExists);
    }
    if uid.trim().is_empty() || uid.chars().count() > UID_LENGTH_MAX {
        return Err(Refusal::UidInvalid);
    }
    check_text("uid", &uid, UID_LENGTH_MAX)?;
    if uid == SYSTEM_UID {
        return Err(Refusal::UidReserved);
    }
    Ok(vec![Event::UserRegistered { uid, profile: checked(profile)?, token_issued_at }])
}

fn update(
    user: &User,
    profile: Profile,
    token_issued_at: Option<DateTime<Utc>>,
) -> Result<Vec<Event>, Refusal> {
    if !user.registered {
        return Err(Refusal::UserUnknown);
    }
    let profile = user.profile.difference(checked(profile)?);
    if profile == Profile::default() {
        return Ok(vec![]);
    }
    Ok(vec![Event::UserUpdated { profile, token_issued_at }])
}

/// Whether a token issued at that time or later was followed before; false for a token without a
/// time of issue.
fn has_followed(user: &User, issued_at: Option<DateTime<Utc>>) -> bool {
    issued_at.is_some_and(|issued_at| user.token_issued_at >= Some(issued_at))
}

fn checked(profile: Profile) -> Result<Profile, Refusal> {
    let too_long =
        |text: &Option<Text>| text.as_ref().is_some_and(|text| text.length() > NAME_LENGTH_MAX);
    if too_long(&profile.name) {
        Err(Refusal::NameTooLong)
    } else if too_long(&profile.username) {
        Err(Refusal::UsernameTooLong)
    } else {
        check_optional("name", profile.name.as_ref(), NAME_LENGTH_MAX)?;
        check_optional("username", profile.username.as_ref(), NAME_LENGTH_MAX)?;
        check_optional("email", profile.email.as_ref(), EMAIL_LENGTH_MAX)?;
        check_optional("avatar_url", profile.avatar_url.as_ref(), AVATAR_URL_LENGTH_MAX)?;
        check_metadata(profile.metadata.as_ref().and_then(Private::reveal))?;
        check_tags(profile.tags.as_ref().map_or(&[], |tags| tags.as_slice()))?;
        Ok(profile)
    }
}
