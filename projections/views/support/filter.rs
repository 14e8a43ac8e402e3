use chrono::{DateTime, Utc};
use domain::conversation::support::Status;
use domain::{InboxId, TeamId};

/// A filter by assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assignee {
    /// Any assignee, or none.
    #[default]
    All,
    /// The caller.
    Me,
    /// No one.
    Unassigned,
    /// Any agent.
    Assigned,
}

/// The order of a list; unless said otherwise, ties are ordered by number, the newest first.
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
    /// The most urgent first, those without a priority last; then newest activity.
    Priority,
    /// The least urgent first, those without a priority last; then newest activity.
    PriorityAscending,
    /// The longest waiting first, those not waiting last; then oldest creation.
    Waiting,
    /// The shortest waiting first, those not waiting last; then oldest creation.
    WaitingDescending,
}

/// Which conversations are listed or counted, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Ignored by counts.
    pub assignee: Assignee,
    /// `None` for any.
    pub status: Option<Status>,
    /// Part of a message's text, ignoring case.
    pub q: Option<String>,
    /// Only this inbox, if the caller sees it.
    pub inbox: Option<InboxId>,
    /// Only this team.
    pub team: Option<TeamId>,
    /// With any of these, in lower case; empty for no filter.
    pub labels: Vec<String>,
    /// The conversation's source id.
    pub source_id: Option<String>,
    /// Without a first reply, or with a contact who is waiting.
    pub unattended: bool,
    /// Changed at this time or later: then all are listed, not a page. Ignored by counts.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order of the list.
    pub order: Order,
    /// The page's number from 0, of 25 items each.
    pub page: i64,
}
