use chrono::{DateTime, Utc};
use domain::user::{Event, Profile};
use domain::{AccountId, Private, PublicId};
use event_store::RecordedEvent;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Changes;

/// The net change to a user; a field that is `None` did not change.
#[derive(Debug, Default, Serialize)]
pub(crate) struct UserChanges<'a> {
    /// Set for a new user only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registered: Option<Registered<'a>>,
    /// When the profile last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tokens_revoked_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) avatar_url: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<&'a Vec<String>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Registered<'a> {
    pub(crate) account_id: AccountId,
    pub(crate) id: PublicId,
    pub(crate) uid: &'a str,
    pub(crate) at: DateTime<Utc>,
}

impl<'a> Changes<'a> {
    pub(super) fn user(&mut self, recorded: &'a RecordedEvent, event: &'a Event) {
        let user = self.users.entry(recorded.aggregate_id.into()).or_default();
        match event {
            Event::UserRegistered { uid, profile, .. } => {
                user.registered = Some(Registered {
                    account_id: recorded.account,
                    id: recorded.account_position.into(),
                    uid,
                    at: recorded.recorded_at,
                });
                user.merge(profile, recorded);
            }
            Event::UserUpdated { profile, .. } => user.merge(profile, recorded),
            Event::TokensRevoked { issued_until } => {
                user.tokens_revoked_until = user.tokens_revoked_until.max(Some(*issued_until));
            }
        }
    }
}

impl<'a> UserChanges<'a> {
    fn merge(&mut self, profile: &'a Profile, recorded: &RecordedEvent) {
        self.at = Some(recorded.recorded_at);
        fn take<'a, T>(old: &mut Option<&'a T>, new: &'a Option<Private<T>>) {
            *old = new.as_ref().and_then(Private::reveal).or(*old);
        }
        take(&mut self.name, &profile.name);
        take(&mut self.username, &profile.username);
        take(&mut self.email, &profile.email);
        take(&mut self.avatar_url, &profile.avatar_url);
        take(&mut self.metadata, &profile.metadata);
        take(&mut self.tags, &profile.tags);
        self.role = profile.role.as_ref().or(self.role);
    }
}
