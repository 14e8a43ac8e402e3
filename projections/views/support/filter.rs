use chrono::{DateTime, Utc};
use domain::conversation::support::Status;
use domain::{InboxId, TeamId};

/// Conversations by their assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assignee {
    /// Any, or none.
    #[default]
    All,
    /// The caller.
    Me,
    /// No one.
    Unassigned,
    /// Any agent.
    Assigned,
}

/// In which order; ties by number, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Newest activity first.
    #[default]
    Activity,
    /// Oldest activity first.
    ActivityAscending,
    /// Newest first.
    Created,
    /// Oldest first.
    CreatedAscending,
    /// The most urgent first, none last; then newest activity.
    Priority,
    /// The least urgent first, none last; then newest activity.
    PriorityAscending,
    /// Longest waiting first, not waiting last; then oldest creation.
    Waiting,
    /// Shortest waiting first, not waiting last; then oldest creation.
    WaitingDescending,
}

/// Which conversations are listed, counted and in which order.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Not looked at by counts.
    pub assignee: Assignee,
    /// `None`: any.
    pub status: Option<Status>,
    /// Part of a message's text, ignoring case.
    pub q: Option<String>,
    /// That inbox, within those that are seen.
    pub inbox: Option<InboxId>,
    /// That team.
    pub team: Option<TeamId>,
    /// Any of them, in lower case; none: not looked at.
    pub labels: Vec<String>,
    /// The conversation's source id.
    pub source_id: Option<String>,
    /// Without a first reply, or waiting.
    pub unattended: bool,
    /// Changed since then. Then all are listed, and not a page. Not looked at by counts.
    pub updated_since: Option<DateTime<Utc>>,
    /// In which order.
    pub order: Order,
    /// From 0, of 25 each.
    pub page: i64,
}
