//! Support conversations, folded one event at a time in the plainest way there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::conversation::Event;
use domain::conversation::support::{Direction, Priority, Sender, Status};
use domain::participation::Change;
use domain::{ConversationId, InboxId, MessageId, PublicId, TeamId, UserId};
use event_store::LogEvent;

use crate::views::support::{Assignee, Counts, Desk, Filter, Order, SupportConversation};

type Time = DateTime<Utc>;

#[derive(Debug, Clone)]
pub(super) struct Message {
    id: PublicId,
    uuid: MessageId,
    incoming: bool,
    at: Time,
    text: String,
}

/// What everyone should see of a support conversation.
#[derive(Debug, Clone)]
pub(super) struct Folded {
    pub(super) number: PublicId,
    inbox: InboxId,
    source_id: String,
    status: Status,
    snoozed_until: Option<Time>,
    priority: Option<Priority>,
    assignee: Option<UserId>,
    team: Option<TeamId>,
    labels: Vec<String>,
    custom_attributes: serde_json::Map<String, serde_json::Value>,
    messages: Vec<Message>,
    agents_seen_at: Option<Time>,
    assignee_seen_at: Option<Time>,
    muted: bool,
    last_activity_at: Time,
    first_reply_at: Option<Time>,
    waiting_since: Option<Time>,
    updated_at: Time,
}

/// All support conversations, by id.
pub(super) fn fold(events: &[Arc<LogEvent>]) -> BTreeMap<ConversationId, Folded> {
    let mut all = BTreeMap::new();
    for event in events {
        let (recorded, at) = (&event.recorded, event.recorded.recorded_at);
        match event.event.as_ref().unwrap() {
            domain::Event::Conversation(event) => {
                let id = ConversationId::new(recorded.aggregate_id);
                match event {
                    Event::ConversationCreated {
                        support: Some(opening),
                        source_id,
                        custom_attributes,
                        ..
                    } => {
                        let custom = custom_attributes.clone().unwrap_or_default();
                        let folded = Folded {
                            number: recorded.account_position.into(),
                            inbox: opening.inbox,
                            source_id: source_id.clone().unwrap_or_default().as_str().to_owned(),
                            status: opening.status,
                            snoozed_until: opening.snoozed_until,
                            priority: opening.priority,
                            assignee: opening.assignee,
                            team: opening.team,
                            labels: vec![],
                            custom_attributes: custom.reveal().cloned().unwrap_or_default(),
                            messages: vec![],
                            agents_seen_at: None,
                            assignee_seen_at: None,
                            muted: false,
                            last_activity_at: at,
                            first_reply_at: None,
                            waiting_since: Some(at),
                            updated_at: at,
                        };
                        all.insert(id, folded);
                    }
                    Event::ConversationDeleted => {
                        all.remove(&id);
                    }
                    event => {
                        let Some(one) = all.get_mut(&id) else { continue };
                        one.evolve(event, recorded.account_position.into(), at);
                    }
                }
            }
            domain::Event::Participation(event) => {
                let Some(one) = all.get_mut(&event.membership.conversation) else { continue };
                one.share(event.membership.user, &event.change, at);
            }
            _ => {}
        }
    }
    all
}

impl Folded {
    fn evolve(&mut self, event: &Event, id: PublicId, at: Time) {
        self.updated_at = at;
        match event {
            Event::StatusChanged { status } => {
                (self.status, self.snoozed_until) = (*status, None);
                if *status == Status::Resolved {
                    self.waiting_since = None;
                }
            }
            Event::ConversationSnoozed { until } => {
                (self.status, self.snoozed_until) = (Status::Snoozed, *until);
            }
            Event::PriorityChanged { priority } => self.priority = *priority,
            Event::AgentAssigned { agent } => self.assignee = *agent,
            Event::TeamAssigned { team } => self.team = *team,
            Event::LabelsReplaced { labels } => self.labels = labels.as_slice().to_vec(),
            Event::CustomAttributesReplaced { custom_attributes } => {
                self.custom_attributes = custom_attributes.reveal().cloned().unwrap_or_default();
            }
            Event::MessagePosted { message, text, support: Some(remark), .. } => {
                let incoming = remark.direction == Direction::Incoming;
                let (uuid, text) = (*message, text.as_str().to_owned());
                self.messages.push(Message { id, uuid, incoming, at, text });
                self.last_activity_at = at;
                if incoming && self.waiting_since.is_none() {
                    self.waiting_since = Some(at);
                }
                if !incoming && !remark.private && remark.sender == Sender::Person {
                    self.first_reply_at = self.first_reply_at.or(Some(at));
                    self.waiting_since = None;
                }
            }
            Event::MessageDeleted { message } => {
                let deleted = self.messages.iter_mut().find(|one| one.uuid == *message);
                deleted.unwrap().text.clear();
            }
            _ => {}
        }
    }

    fn share(&mut self, user: UserId, change: &Change, at: Time) {
        let marker = match change {
            Change::MarkedRead { as_of, .. } => as_of.or(Some(at)),
            Change::MarkedUnread { as_of } => *as_of,
            Change::ConversationMuted { .. } | Change::ConversationUnmuted
                if user == UserId::AGENTS =>
            {
                self.muted = matches!(change, Change::ConversationMuted { .. });
                self.updated_at = at;
                return;
            }
            _ => return,
        };
        if user == UserId::AGENTS {
            self.agents_seen_at = marker;
        } else {
            self.assignee_seen_at = marker;
        }
    }

    fn is_seen(&self, desk: &Desk, filter: &Filter) -> bool {
        let unattended = self.first_reply_at.is_none() || self.waiting_since.is_some();
        let q = filter.q.as_deref().unwrap_or("").to_uppercase();
        desk.inboxes.as_ref().is_none_or(|seen| seen.contains(&self.inbox))
            && filter.inbox.is_none_or(|inbox| inbox == self.inbox)
            && filter.status.is_none_or(|status| status == self.status)
            && filter.team.is_none_or(|team| Some(team) == self.team)
            && filter.source_id.as_ref().is_none_or(|source_id| *source_id == self.source_id)
            && (!filter.unattended || unattended)
            && (filter.labels.is_empty()
                || filter.labels.iter().any(|label| self.labels.contains(label)))
            && (q.is_empty()
                || self.messages.iter().any(|one| one.text.to_uppercase().contains(&q)))
    }

    /// Compares all that is shown.
    #[track_caller]
    pub(super) fn assert_shown_as(&self, shown: &SupportConversation, teams: &BTreeSet<TeamId>) {
        let incoming = self.messages.iter().filter(|message| message.incoming);
        let unread = incoming.clone().filter(|one| Some(one.at) > self.agents_seen_at);
        assert_eq!(
            (shown.number, shown.inbox, &shown.source_id, shown.status, shown.snoozed_until),
            (self.number, self.inbox, &self.source_id, self.status, self.snoozed_until)
        );
        let assignee = shown.assignee.as_ref().map(|user| user.uuid);
        let team = shown.team.as_ref().map(|team| team.uuid);
        assert_eq!((shown.priority, assignee), (self.priority, self.assignee));
        assert_eq!(team, self.team.filter(|team| teams.contains(team)));
        assert_eq!((&shown.labels, shown.muted), (&self.labels, self.muted));
        assert_eq!(shown.custom_attributes, self.custom_attributes);
        assert_eq!(
            [shown.agent_last_seen_at, shown.assignee_last_seen_at, shown.last_incoming_at],
            [
                self.agents_seen_at,
                self.assignee_seen_at,
                incoming.clone().next_back().map(|m| m.at)
            ]
        );
        assert_eq!(shown.unread_count, unread.count() as i64, "{self:?}");
        assert_eq!(
            [Some(shown.last_activity_at), shown.first_reply_created_at, shown.waiting_since],
            [Some(self.last_activity_at), self.first_reply_at, self.waiting_since]
        );
        assert_eq!(shown.updated_at, self.updated_at);
        let newest = shown.last_message.as_ref();
        assert_eq!(newest.map(|m| m.id), self.messages.last().map(|m| m.id));
        assert_eq!(newest.map(|m| &m.text), self.messages.last().map(|m| &m.text));
    }
}

/// The counts of the conversations that pass a filter, from scratch.
pub(super) fn counts(
    all: &BTreeMap<ConversationId, Folded>,
    desk: &Desk,
    filter: &Filter,
) -> Counts {
    let mut counts = Counts::default();
    for one in all.values().filter(|one| one.is_seen(desk, filter)) {
        counts.all += 1;
        counts.assigned += i64::from(one.assignee.is_some());
        counts.unassigned += i64::from(one.assignee.is_none());
        counts.mine += i64::from(desk.user.is_some() && one.assignee == desk.user);
    }
    counts
}

/// The whole list, filtered and sorted from scratch.
pub(super) fn list(
    all: &BTreeMap<ConversationId, Folded>,
    desk: &Desk,
    filter: &Filter,
) -> Vec<PublicId> {
    let mut found: Vec<&Folded> = all
        .values()
        .filter(|one| one.is_seen(desk, filter))
        .filter(|one| match filter.assignee {
            Assignee::All => true,
            Assignee::Me => desk.user.is_some() && one.assignee == desk.user,
            Assignee::Unassigned => one.assignee.is_none(),
            Assignee::Assigned => one.assignee.is_some(),
        })
        .filter(|one| filter.updated_since.is_none_or(|since| one.updated_at >= since))
        .collect();
    // Newest first; the sorts below are stable, so that equal ones stay in this order.
    found.sort_by_key(|one| std::cmp::Reverse(one.number));
    let newest_activity = |one: &&Folded| std::cmp::Reverse((one.last_activity_at, one.number));
    match filter.order {
        Order::Activity => found.sort_by_key(newest_activity),
        Order::ActivityAscending => found.sort_by_key(|one| one.last_activity_at),
        Order::Created => {}
        Order::CreatedAscending => found.reverse(),
        Order::Priority => {
            found.sort_by_key(newest_activity);
            found.sort_by_key(|one| std::cmp::Reverse(one.priority));
        }
        Order::PriorityAscending => {
            found.sort_by_key(newest_activity);
            found.sort_by_key(|one| (one.priority.is_none(), one.priority));
        }
        Order::Waiting => {
            found.reverse();
            found.sort_by_key(|one| (one.waiting_since.is_none(), one.waiting_since));
        }
        Order::WaitingDescending => {
            found.reverse();
            found.sort_by_key(|one| std::cmp::Reverse(one.waiting_since));
        }
    }
    found.iter().map(|one| one.number).collect()
}
