use domain::{AccountId, InboxId, TeamId, UserId};

use super::matching::{is_searched, matching};
use super::ranges::{UNASSIGNED, seen, status_number};
use super::{Counts, Desk, Filter, SUPPORT};
use crate::memory::Changed;
use crate::views::answer_caches::concerns_desk;
use crate::{Error, Views};

event_store::from_row!(Counts { mine, assigned, unassigned, all });

/// Which counts: the key of the cached answer, and the statement's parameters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::views) struct Question {
    inboxes: Option<Vec<InboxId>>,
    status: Option<i16>,
    team: Option<TeamId>,
    user: Option<UserId>,
}

impl Views {
    /// The four counts of a list: kept ones or, for a search, counted now.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_counts(&self, desk: &Desk, filter: &Filter) -> Result<Counts, Error> {
        self.progress.require(SUPPORT)?;
        if is_searched(filter) {
            let count = || async {
                let mut sql = matching(desk, filter);
                sql.push(matching_counts());
                sql.push_bind(desk.user);
                sql.push(") as mine from matching");
                sql.build_query_as().fetch_one(&self.readers).await
            };
            return self.ask("count conversations", count).await;
        }
        let question = Question {
            inboxes: seen(desk, filter),
            status: filter.status.map(status_number),
            team: filter.team,
            user: desk.user,
        };
        let read = self.kept_counts(desk.account, &question);
        let concerns = |_: &Counts, changed: &Changed| concerns_desk(changed);
        let before = &self.answers.support_counts;
        self.cached(before, question.clone(), concerns, read).await
    }

    async fn kept_counts(&self, account: AccountId, of: &Question) -> Result<Counts, Error> {
        let sql = counts_sql();
        self.ask("count conversations", || async {
            sqlx::query_as(&sql)
                .bind(account)
                .bind(&of.inboxes)
                .bind(of.status)
                .bind(of.team)
                .bind(of.user)
                .fetch_one(&self.readers)
                .await
        })
        .await
    }
}

/// The counts of what matches, up to the parameter for the user whom "me" means.
pub(in crate::views) fn matching_counts() -> String {
    format!(
        ") select count(*) as all,
                  count(*) filter (where assignee <> {UNASSIGNED}) as assigned,
                  count(*) filter (where assignee = {UNASSIGNED}) as unassigned,
                  count(*) filter (where assignee = "
    )
}

/// Parameters: account, inboxes, status, team, user.
pub(in crate::views) fn counts_sql() -> String {
    let sum =
        |which: &str| format!("coalesce(sum(conversations) filter (where {which}), 0)::bigint");
    format!(
        "select {} as mine, {} as assigned, {} as unassigned, {} as all
         from support_counts
         where account_id = $1
           and ($2::uuid[] is null or inbox = any($2))
           and ($3::smallint is null or status = $3)
           and ($4::uuid is null or team = $4)",
        sum("assignee = $5::uuid"),
        sum(&format!("assignee <> {UNASSIGNED}")),
        sum(&format!("assignee = {UNASSIGNED}")),
        sum("true"),
    )
}
