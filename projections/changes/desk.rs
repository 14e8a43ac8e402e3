use chrono::{DateTime, Utc};
use domain::contact_link;
use domain::conversation::support::{Direction, Remark};
use domain::inbox::{self, Channel};
use domain::{
    AccountId, AccountPosition, ContactId, ContactLinkId, ConversationId, InboxId, PublicId, Text,
    UserId, contact, conversation, team,
};
use event_store::RecordedEvent;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Changes;

/// When and in which account something was created.
#[derive(Debug, Serialize)]
pub(crate) struct Creation {
    account_id: AccountId,
    number: PublicId,
    at: DateTime<Utc>,
}

impl Creation {
    fn by(recorded: &RecordedEvent) -> Self {
        let (account_id, number) = (recorded.account, recorded.account_position.into());
        Self { account_id, number, at: recorded.recorded_at }
    }
}

/// The net change to an inbox; a field that is `None` did not change.
#[derive(Debug, Default, Serialize)]
pub(crate) struct InboxChanges<'a> {
    /// Set for a new inbox only.
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<Creation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_to_single_conversation: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_auto_assignment: Option<bool>,
    /// All members, if they were set.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<&'a [UserId]>,
}

/// The net change to a team; a field that is `None` did not change.
#[derive(Debug, Default, Serialize)]
pub(crate) struct TeamChanges<'a> {
    /// Set for a new team only.
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<Creation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// An empty text removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_auto_assign: Option<bool>,
    /// All members, if they were set.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<&'a [UserId]>,
}

/// The net change to a contact; a field that is `None` did not change, and an empty text removes
/// the value.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ContactChanges<'a> {
    /// Set for a new contact only.
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<Creation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_attributes: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_attributes: Option<&'a Map<String, Value>>,
    /// The time of the newest incoming message.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_activity_at: Option<DateTime<Utc>>,
}

/// The net change to a contact link: a contact's source id in an inbox.
#[derive(Debug, Default, Serialize)]
pub(crate) struct LinkChanges<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    linked: Option<Linked<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<ConversationId>,
}

#[derive(Debug, Serialize)]
struct Linked<'a> {
    account_id: AccountId,
    contact: ContactId,
    inbox: InboxId,
    source_id: &'a str,
    position: AccountPosition,
}

impl<'a> Changes<'a> {
    pub(super) fn inbox(&mut self, recorded: &RecordedEvent, event: &'a inbox::Event) {
        let inbox = self.inboxes.entry(InboxId::new(recorded.aggregate_id)).or_default();
        match event {
            inbox::Event::InboxCreated { channel, settings } => {
                (inbox.made, inbox.channel) = (Some(Creation::by(recorded)), Some(*channel));
                inbox.merge(settings);
            }
            inbox::Event::InboxUpdated { settings } => inbox.merge(settings),
            inbox::Event::InboxMembersSet { members } => inbox.members = Some(members),
        }
    }

    pub(super) fn team(&mut self, recorded: &RecordedEvent, event: &'a team::Event) {
        match event {
            team::Event::TeamCreated { team, settings } => {
                let team = self.teams.entry(*team).or_default();
                team.made = Some(Creation::by(recorded));
                team.merge(settings);
            }
            team::Event::TeamUpdated { team, settings } => {
                self.teams.entry(*team).or_default().merge(settings);
            }
            team::Event::TeamDeleted { team } => {
                self.teams.remove(team);
                self.deleted_teams.insert(*team);
            }
            team::Event::TeamMembersSet { team, members } => {
                self.teams.entry(*team).or_default().members = Some(members);
            }
        }
    }

    pub(super) fn contact(&mut self, recorded: &RecordedEvent, event: &'a contact::Event) {
        let contact = self.contacts.entry(ContactId::new(recorded.aggregate_id)).or_default();
        let profile = match event {
            contact::Event::ContactCreated { profile } => {
                contact.made = Some(Creation::by(recorded));
                profile
            }
            contact::Event::ContactUpdated { profile } => profile,
        };
        take(&mut contact.name, &profile.name);
        take(&mut contact.email, &profile.email);
        take(&mut contact.phone_number, &profile.phone_number);
        take(&mut contact.identifier, &profile.identifier);
        for (known, new) in [
            (&mut contact.additional_attributes, &profile.additional_attributes),
            (&mut contact.custom_attributes, &profile.custom_attributes),
        ] {
            *known = super::reveal(new).or(*known);
        }
    }

    pub(super) fn contact_link(
        &mut self,
        recorded: &RecordedEvent,
        event: &'a contact_link::Event,
    ) {
        let link = self.links.entry(ContactLinkId::new(recorded.aggregate_id)).or_default();
        match event {
            contact_link::Event::ContactLinked { contact, inbox, source_id } => {
                link.linked = Some(Linked {
                    account_id: recorded.account,
                    contact: *contact,
                    inbox: *inbox,
                    source_id: source_id.as_str(),
                    position: recorded.account_position,
                });
            }
            contact_link::Event::LinkedConversationChosen { linked } => {
                link.chosen = Some(*linked);
            }
        }
    }

    /// A contact is active when they write.
    pub(super) fn contact_activity(
        &mut self,
        recorded: &RecordedEvent,
        event: &conversation::Event,
    ) {
        if let conversation::Event::MessagePosted {
            support: Some(Remark { direction: Direction::Incoming, contact: Some(contact), .. }),
            ..
        } = event
        {
            let contact = self.contacts.entry(*contact).or_default();
            contact.last_activity_at = Some(recorded.recorded_at);
        }
    }
}

impl<'a> InboxChanges<'a> {
    fn merge(&mut self, settings: &'a inbox::Settings) {
        take(&mut self.name, &settings.name);
        take(&mut self.website_url, &settings.website_url);
        take(&mut self.email, &settings.email);
        self.lock_to_single_conversation =
            settings.lock_to_single_conversation.or(self.lock_to_single_conversation);
        self.enable_auto_assignment =
            settings.enable_auto_assignment.or(self.enable_auto_assignment);
    }
}

impl<'a> TeamChanges<'a> {
    fn merge(&mut self, settings: &'a team::Settings) {
        take(&mut self.name, &settings.name);
        take(&mut self.description, &settings.description);
        self.allow_auto_assign = settings.allow_auto_assign.or(self.allow_auto_assign);
    }
}

/// White space alone counts as no text.
fn take<'a>(known: &mut Option<&'a str>, new: &'a Option<Text>) {
    let new = new.as_ref().map(|text| if text.is_blank() { "" } else { text.as_str() });
    *known = new.or(*known);
}
