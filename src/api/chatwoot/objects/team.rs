use projections::views::support::{self, Desk};
use serde::Serialize;
use utoipa::ToSchema;

/// A group of agents who support contacts together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Team<'a> {
    id: i64,
    name: &'a str,
    description: Option<&'a str>,
    allow_auto_assign: bool,
    account_id: i64,
    /// Whether the caller is a member.
    is_member: bool,
}

pub(crate) fn team<'a>(team: &'a support::Team, desk: &Desk) -> Team<'a> {
    Team {
        id: team.number.get(),
        name: &team.name,
        description: team.description.as_deref(),
        allow_auto_assign: team.allow_auto_assign,
        account_id: desk.account.get(),
        is_member: desk.user.is_some_and(|user| team.members.contains(&user)),
    }
}
