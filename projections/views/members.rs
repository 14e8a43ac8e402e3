use std::collections::HashSet;
use std::sync::Arc;

use domain::{ConversationId, UserId};

use super::user_lists::found_by;
use super::{SHOWN, Views};
use crate::memory::{Member, User};
use crate::{Error, Page};

struct Found {
    member: Member,
    total: i64,
}

event_store::from_row!(Found { member: flatten, total });

impl Views {
    /// Members of a conversation, by number: those with `q` in their name, username or uid, or all.
    /// Does not check whether the caller may see them.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn members(
        &self,
        conversation: ConversationId,
        q: Option<&str>,
        top: i64,
        skip: i64,
    ) -> Result<Page<(Member, Arc<User>)>, Error> {
        self.progress.require(SHOWN)?;
        let sql = members_sql(q.is_some());
        let find = async |top: i64, skip: i64| {
            let found = || async {
                let query = sqlx::query_as::<_, Found>(&sql).bind(conversation);
                query.bind(top).bind(skip).bind(q).fetch_all(&self.readers).await
            };
            self.ask("list members", found).await
        };
        let found = find(top, skip).await?;
        // An empty page, or one beyond the end, has no row that carries the total.
        let total = match found.first() {
            Some(found) => found.total,
            None if skip == 0 && top > 0 => 0,
            None => find(1, 0).await?.first().map_or(0, |found| found.total),
        };
        let ids = found.iter().map(|found| found.member.user);
        let users = self.memory.users.all(&self.readers, ids).await?;
        let shown = found.into_iter().filter_map(|found| {
            let user = users.get(&found.member.user)?.clone();
            Some((found.member, user))
        });
        Ok(Page { items: shown.collect(), total: Some(total) })
    }

    /// Those of the given users who are in a conversation.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn members_among(
        &self,
        conversation: ConversationId,
        users: &[UserId],
    ) -> Result<HashSet<UserId>, Error> {
        self.progress.require(SHOWN)?;
        let found: Vec<UserId> = self
            .ask("look for members", || async {
                let query = sqlx::query_scalar(AMONG).bind(conversation).bind(users);
                query.fetch_all(&self.readers).await
            })
            .await?;
        Ok(found.into_iter().collect())
    }
}

/// Parameters: conversation and users.
pub(super) const AMONG: &str =
    "select user_id from members where conversation = $1 and user_id = any($2)";

/// Parameters: conversation, limit, offset, q. Reads the conversation's members first: the users
/// whose names match may be many more.
pub(super) fn members_sql(searched: bool) -> String {
    // The parameter needs a type even where nothing is compared with it.
    let matches = if searched { found_by("one", 4) } else { "$4::text is null".to_owned() };
    let shown = "\"user\", number, membership, joined_at, marker, marked_at";
    format!(
        "with one as materialized (
             select s.user_id as \"user\", u.id as number, s.membership, s.joined_at, m.marker,
                    m.marked_at, u.name, u.username, u.uid
             from members s
             join users u on u.uuid = s.user_id
             join memberships m on m.user_id = s.user_id and m.conversation = s.conversation
             where s.conversation = $1
         )
         select {shown}, count(*) over () as total
         from one
         where {matches}
         order by number
         limit $2 offset $3"
    )
}
