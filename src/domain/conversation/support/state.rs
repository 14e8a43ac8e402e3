use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Opening, Priority, Status};
use crate::conversation::Event;
use crate::{ContactLinkId, Private, TeamId, UserId};

/// The state of a support conversation, as far as the rules need it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Support {
    pub(in crate::conversation) link: ContactLinkId,
    pub(in crate::conversation) status: Status,
    /// End of the snooze; `None` while snoozed: until the contact writes.
    pub(in crate::conversation) snoozed_until: Option<DateTime<Utc>>,
    pub(in crate::conversation) priority: Option<Priority>,
    pub(in crate::conversation) assignee: Option<UserId>,
    pub(in crate::conversation) team: Option<TeamId>,
    pub(in crate::conversation) labels: Private<Vec<String>>,
    pub(in crate::conversation) custom_attributes: Private<Map<String, Value>>,
}

impl Support {
    pub(in crate::conversation) fn new(
        opening: &Opening,
        custom_attributes: Option<Private<Map<String, Value>>>,
    ) -> Self {
        Self {
            link: opening.link,
            status: opening.status,
            snoozed_until: opening.snoozed_until,
            priority: opening.priority,
            assignee: opening.assignee,
            team: opening.team,
            labels: Private::default(),
            custom_attributes: custom_attributes.unwrap_or_default(),
        }
    }

    /// Applies an event to the state.
    pub(in crate::conversation) fn evolve(&mut self, event: &Event) {
        match event {
            Event::StatusChanged { status } => {
                (self.status, self.snoozed_until) = (*status, None);
            }
            Event::ConversationSnoozed { until } => {
                (self.status, self.snoozed_until) = (Status::Snoozed, *until);
            }
            Event::PriorityChanged { priority } => self.priority = *priority,
            Event::AgentAssigned { agent } => self.assignee = *agent,
            Event::TeamAssigned { team } => self.team = *team,
            Event::LabelsReplaced { labels } => self.labels.clone_from(labels),
            Event::CustomAttributesReplaced { custom_attributes } => {
                self.custom_attributes.clone_from(custom_attributes);
            }
            _ => {}
        }
    }
}
