use chrono::{DateTime, Utc};
use domain::conversation::Event;
use domain::conversation::support::{Direction, Opening, Priority, Remark, Sender, Status};
use domain::participation::{self, Change};
use domain::{
    AccountId, AccountPosition, ContactId, ContactLinkId, ConversationId, InboxId, PublicId,
    TeamId, UserId,
};
use event_store::RecordedEvent;
use serde::Serialize;
use serde_json::{Map, Value};
use std::ops::Not;

use super::conversation::is_of_support;
use super::{Changes, reveal};

/// A support conversation that the batch created, as it was created.
#[derive(Debug, Serialize)]
pub(crate) struct CreatedSupport<'a> {
    conversation: ConversationId,
    account_id: AccountId,
    number: PublicId,
    revision: AccountPosition,
    inbox: InboxId,
    contact: ContactId,
    link: ContactLinkId,
    source_id: &'a str,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<TeamId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_attributes: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_attributes: Option<&'a Map<String, Value>>,
    created_at: DateTime<Utc>,
}

/// The net change to a support conversation within a batch; what is `None` or false did not change.
#[derive(Debug, Serialize)]
pub(crate) struct SupportChanges<'a> {
    conversation: ConversationId,
    /// The account position of the newest event.
    revision: AccountPosition,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// Belongs to `status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Not::not")]
    priority_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    #[serde(skip_serializing_if = "Not::not")]
    assignee_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<UserId>,
    #[serde(skip_serializing_if = "Not::not")]
    team_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<TeamId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Not::not")]
    attributes_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_attributes: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_message: Option<PublicId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_incoming_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_activity_at: Option<DateTime<Utc>>,
    /// The first reply in the batch; it counts only if there was none before.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_reply_at: Option<DateTime<Utc>>,
    /// A contact who waited before the batch no longer does.
    #[serde(skip_serializing_if = "Not::not")]
    waiting_ended: bool,
    /// Since when the contact has been waiting; counts only if they were not waiting already.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_since: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Not::not")]
    agents_marked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    agents_seen_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Not::not")]
    assignee_marked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee_seen_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted: Option<bool>,
    /// Belongs to `muted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<DateTime<Utc>>,
    /// The time of the newest event, except for those by which agents mark it as seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime<Utc>>,
}

impl<'a> Changes<'a> {
    pub(super) fn support(&mut self, recorded: &'a RecordedEvent, event: &'a Event) {
        let conversation = ConversationId::new(recorded.aggregate_id);
        match event {
            Event::ConversationCreated { support: Some(opening), .. } => {
                let created = CreatedSupport::new(recorded, event, opening);
                self.created_support.insert(conversation, created);
            }
            Event::ConversationDeleted => {
                self.created_support.remove(&conversation);
                self.support.remove(&conversation);
            }
            // The event of a deletion does not tell the conversation's kind.
            event if is_of_support(event) || matches!(event, Event::MessageDeleted { .. }) => {
                self.support_changes(conversation).add(recorded, event);
            }
            _ => {}
        }
    }

    /// The marker and the mute that a support conversation's agents share, and the assignee's
    /// marker.
    pub(super) fn support_of_role(
        &mut self,
        recorded: &RecordedEvent,
        event: &participation::Event,
    ) {
        let membership = event.membership;
        let changes = self.support_changes(membership.conversation);
        changes.revision = recorded.account_position;
        if membership.user == UserId::ASSIGNEE {
            if let Some(seen_at) = marker(recorded, &event.change) {
                (changes.assignee_marked, changes.assignee_seen_at) = (true, seen_at);
            }
            return;
        }
        if let Some(seen_at) = marker(recorded, &event.change) {
            (changes.agents_marked, changes.agents_seen_at) = (true, seen_at);
        }
        let muted = match event.change {
            Change::ConversationMuted { until } => (Some(true), until),
            Change::ConversationUnmuted => (Some(false), None),
            _ => return,
        };
        (changes.muted, changes.muted_until) = muted;
        changes.updated_at = Some(recorded.recorded_at);
    }

    fn support_changes(&mut self, conversation: ConversationId) -> &mut SupportChanges<'a> {
        let none = || SupportChanges::none(conversation);
        self.support.entry(conversation).or_insert_with(none)
    }
}

/// The time that a change sets a "seen" marker to, if it sets one; an inner `None` removes the
/// marker.
#[expect(clippy::option_option, reason = "both have a meaning of their own")]
fn marker(recorded: &RecordedEvent, change: &Change) -> Option<Option<DateTime<Utc>>> {
    match change {
        Change::MarkedRead { as_of, .. } => Some(Some(as_of.unwrap_or(recorded.recorded_at))),
        Change::MarkedUnread { as_of } => Some(*as_of),
        _ => None,
    }
}

impl<'a> CreatedSupport<'a> {
    fn new(recorded: &RecordedEvent, event: &'a Event, opening: &Opening) -> Self {
        let Event::ConversationCreated {
            source_id, additional_attributes, custom_attributes, ..
        } = event
        else {
            unreachable!("only a creation has an opening");
        };
        Self {
            conversation: recorded.aggregate_id.into(),
            account_id: recorded.account,
            number: recorded.account_position.into(),
            revision: recorded.account_position,
            inbox: opening.inbox,
            contact: opening.contact,
            link: opening.link,
            source_id: source_id.as_ref().map_or("", domain::Text::as_str),
            status: opening.status,
            snoozed_until: opening.snoozed_until,
            priority: opening.priority,
            assignee: opening.assignee,
            team: opening.team,
            additional_attributes: reveal(additional_attributes),
            custom_attributes: reveal(custom_attributes),
            created_at: recorded.recorded_at,
        }
    }
}

impl<'a> SupportChanges<'a> {
    fn none(conversation: ConversationId) -> Self {
        Self {
            conversation,
            revision: AccountPosition::START,
            status: None,
            snoozed_until: None,
            priority_changed: false,
            priority: None,
            assignee_changed: false,
            assignee: None,
            team_changed: false,
            team: None,
            labels: None,
            attributes_changed: false,
            custom_attributes: None,
            newest_message: None,
            last_incoming_at: None,
            last_activity_at: None,
            first_reply_at: None,
            waiting_ended: false,
            waiting_since: None,
            agents_marked: false,
            agents_seen_at: None,
            assignee_marked: false,
            assignee_seen_at: None,
            muted: None,
            muted_until: None,
            updated_at: None,
        }
    }

    fn add(&mut self, recorded: &RecordedEvent, event: &'a Event) {
        self.revision = recorded.account_position;
        self.updated_at = Some(recorded.recorded_at);
        match event {
            Event::StatusChanged { status } => self.change_status(*status, None),
            Event::ConversationSnoozed { until } => self.change_status(Status::Snoozed, *until),
            Event::PriorityChanged { priority } => {
                (self.priority_changed, self.priority) = (true, *priority);
            }
            Event::AgentAssigned { agent } => {
                (self.assignee_changed, self.assignee) = (true, *agent);
            }
            Event::TeamAssigned { team } => (self.team_changed, self.team) = (true, *team),
            Event::LabelsReplaced { labels } => self.labels = Some(labels.as_slice()),
            Event::CustomAttributesReplaced { custom_attributes } => {
                self.attributes_changed = true;
                self.custom_attributes = custom_attributes.reveal();
            }
            Event::MessagePosted { support: Some(remark), .. } => self.post(recorded, remark),
            _ => {}
        }
    }

    fn change_status(&mut self, status: Status, snoozed_until: Option<DateTime<Utc>>) {
        (self.status, self.snoozed_until) = (Some(status), snoozed_until);
        if status == Status::Resolved {
            self.end_waiting();
        }
    }

    fn post(&mut self, recorded: &RecordedEvent, remark: &Remark) {
        let at = recorded.recorded_at;
        self.newest_message = Some(recorded.account_position.into());
        self.last_activity_at = Some(at);
        match remark.direction {
            Direction::Incoming => {
                self.last_incoming_at = Some(at);
                self.waiting_since.get_or_insert(at);
            }
            Direction::Outgoing if !remark.private && remark.sender == Sender::Person => {
                self.first_reply_at.get_or_insert(at);
                self.end_waiting();
            }
            Direction::Outgoing => {}
        }
    }

    fn end_waiting(&mut self) {
        (self.waiting_ended, self.waiting_since) = (true, None);
    }
}
