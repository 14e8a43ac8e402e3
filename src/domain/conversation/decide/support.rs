//! The rules of commands that only support conversations accept.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::change;
use crate::conversation::support::{
    ContentType, CreateSupport, Direction, Opening, Status, Support, SupportCommand, SupportMessage,
};
use crate::conversation::{Conversation, Event, Kind, Refusal, TEXT_LENGTH_MAX};
use crate::limits::{
    SOURCE_ID_LENGTH_MAX, check_attributes, check_metadata, check_optional, check_tags, check_text,
    storable_time,
};
use crate::{Private, TeamId, UserId};

impl Conversation {
    pub(super) fn create_support(&self, create: CreateSupport) -> Result<Vec<Event>, Refusal> {
        let CreateSupport { opening, source_id, .. } = create;
        match &self.support {
            _ if self.deleted => return Err(Refusal::ConversationDeleted),
            // The only conversation of the link exists already: several callers may create it at
            // once.
            Some(support) if support.link == opening.link => return Ok(vec![]),
            _ if self.kind.is_some() => return Err(Refusal::ConversationExists),
            _ => {}
        }
        check_text("source_id", source_id.as_str(), SOURCE_ID_LENGTH_MAX)?;
        check_attributes(&create.additional_attributes)?;
        check_attributes(&create.custom_attributes)?;
        let snoozed_until = opening
            .snoozed_until
            .filter(|_| opening.status == Status::Snoozed)
            .map(|until| storable_time(until).ok_or(Refusal::TimeInvalid))
            .transpose()?;
        Ok(vec![Event::ConversationCreated {
            kind: Kind::Support,
            creator: create.creator,
            members: vec![],
            uid: None,
            name: None,
            description: None,
            metadata: None,
            tags: Private::default(),
            support: Some(Opening { snoozed_until, ..opening }),
            source_id: Some(source_id),
            additional_attributes: private(create.additional_attributes),
            custom_attributes: private(create.custom_attributes),
        }])
    }

    pub(super) fn support(&self, command: SupportCommand) -> Result<Vec<Event>, Refusal> {
        self.present()?;
        let support = self.support.as_ref().ok_or(Refusal::WrongKind)?;
        Ok(match command {
            SupportCommand::ChangeStatus { status, agent } => support.change(status, agent),
            SupportCommand::ToggleStatus { agent } => match support.status {
                Status::Open => support.change(Status::Resolved, agent),
                Status::Resolved | Status::Pending | Status::Snoozed => {
                    support.change(Status::Open, agent)
                }
            },
            SupportCommand::Snooze { until } => support.snooze(until)?,
            SupportCommand::EndSnooze { until } => {
                let reached =
                    support.status == Status::Snoozed && support.snoozed_until == Some(until);
                change(reached, Event::StatusChanged { status: Status::Open })
            }
            SupportCommand::SetPriority { priority } => {
                change(support.priority != priority, Event::PriorityChanged { priority })
            }
            SupportCommand::AssignAgent { agent } => support.assign(agent),
            SupportCommand::AssignTeam { team, members } => support.assign_team(team, members),
            SupportCommand::ReplaceLabels { labels } => support.label(labels)?,
            SupportCommand::ReplaceCustomAttributes { attributes } => {
                support.describe(attributes)?
            }
            SupportCommand::MergeCustomAttributes { attributes } => {
                let mut all = support.custom_attributes.reveal().cloned().unwrap_or_default();
                all.extend(attributes);
                support.describe(all)?
            }
            SupportCommand::PostMessage(message) => support.post(*message)?,
        })
    }
}

impl Support {
    /// An agent who opens the conversation becomes its assignee.
    fn change(&self, status: Status, agent: Option<UserId>) -> Vec<Event> {
        if status == self.status {
            return vec![];
        }
        let mut events = match status {
            Status::Snoozed => vec![Event::ConversationSnoozed { until: None }],
            Status::Open | Status::Resolved | Status::Pending => {
                vec![Event::StatusChanged { status }]
            }
        };
        if status == Status::Open && agent.is_some() {
            events.extend(self.assign(agent));
        }
        events
    }

    fn snooze(&self, until: Option<DateTime<Utc>>) -> Result<Vec<Event>, Refusal> {
        let until =
            until.map(|until| storable_time(until).ok_or(Refusal::TimeInvalid)).transpose()?;
        let is_new = self.status != Status::Snoozed || self.snoozed_until != until;
        Ok(change(is_new, Event::ConversationSnoozed { until }))
    }

    fn assign(&self, agent: Option<UserId>) -> Vec<Event> {
        change(self.assignee != agent, Event::AgentAssigned { agent })
    }

    fn assign_team(&self, team: Option<TeamId>, members: Option<Vec<UserId>>) -> Vec<Event> {
        if self.team == team {
            return vec![];
        }
        let mut events = vec![Event::TeamAssigned { team }];
        let is_outside = |assignee| members.is_some_and(|members| !members.contains(&assignee));
        if team.is_some() && self.assignee.is_some_and(is_outside) {
            events.push(Event::AgentAssigned { agent: None });
        }
        events
    }

    fn label(&self, labels: Vec<String>) -> Result<Vec<Event>, Refusal> {
        let mut seen = BTreeSet::new();
        let mut labels: Vec<_> = labels.iter().map(|label| label.trim().to_lowercase()).collect();
        labels.retain(|label| !label.is_empty() && seen.insert(label.clone()));
        check_tags(&labels)?;
        let labels = Private::from(labels);
        Ok(change(self.labels != labels, Event::LabelsReplaced { labels }))
    }

    fn describe(&self, attributes: Map<String, Value>) -> Result<Vec<Event>, Refusal> {
        check_attributes(&attributes)?;
        let custom_attributes = Private::from(attributes);
        let is_new = self.custom_attributes != custom_attributes;
        Ok(change(is_new, Event::CustomAttributesReplaced { custom_attributes }))
    }

    /// An incoming message opens a resolved or snoozed conversation, unless the agents have muted
    /// it.
    fn post(&self, posted: SupportMessage) -> Result<Vec<Event>, Refusal> {
        let SupportMessage { message, author, text, remark, content_attributes, source_id, muted } =
            posted;
        if remark.content_type == ContentType::Text && text.is_blank() {
            return Err(Refusal::TextBlank);
        }
        check_text("content", text.as_str(), TEXT_LENGTH_MAX)?;
        check_metadata(Some(&content_attributes))?;
        check_optional("source_id", source_id.as_ref(), SOURCE_ID_LENGTH_MAX)?;
        let echo_id = remark.echo_id.as_deref().unwrap_or_default();
        check_text("echo_id", echo_id, SOURCE_ID_LENGTH_MAX)?;
        let opens = remark.direction == Direction::Incoming
            && self.status.rests()
            && !muted.ok_or(Refusal::MuteUnknown)?;
        let mut events = vec![Event::MessagePosted {
            message,
            author,
            text,
            metadata: None,
            tags: Private::default(),
            support: Some(remark),
            content_attributes: private(content_attributes),
            source_id,
        }];
        events.extend(opens.then_some(Event::StatusChanged { status: Status::Open }));
        Ok(events)
    }
}

fn private(attributes: Map<String, Value>) -> Option<Private<Map<String, Value>>> {
    (!attributes.is_empty()).then(|| attributes.into())
}
