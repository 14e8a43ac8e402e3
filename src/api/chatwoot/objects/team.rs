use domain::{AccountId, UserId};
use projections::views::support;
use serde::Serialize;
use utoipa::ToSchema;

/// Agents who take care of conversations together.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::chatwoot) struct Team<'a> {
    id: i64,
    /// In lower case.
    name: &'a str,
    #[schema(required)]
    description: Option<&'a str>,
    /// As clients set it; nothing follows from it.
    allow_auto_assign: bool,
    account_id: i64,
    /// Whether the caller is in it.
    is_member: bool,
}

impl<'a> Team<'a> {
    pub(in crate::chatwoot) fn new(
        team: &'a support::Team,
        account: AccountId,
        caller: Option<UserId>,
    ) -> Self {
        Self {
            id: team.number.get(),
            name: &team.name,
            description: team.description.as_deref(),
            allow_auto_assign: team.allow_auto_assign,
            account_id: account.get(),
            is_member: caller.is_some_and(|caller| team.members.contains(&caller)),
        }
    }
}
