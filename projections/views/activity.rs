//! A member's conversations by activity, with any filter on the member's own flags.

use std::sync::Arc;

use domain::conversation::Kind;
use domain::{ConversationId, PublicId, UserId};

use super::member_state::{COLUMNS, Seen};
use super::{MemberState, SHOWN, Views};
use crate::memberships::bucket::{self, Wanted};
use crate::memory::Conversation;
use crate::{Cursor, Error, Slice};

/// A conversation as an entry of one member's list.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The state that all viewers share.
    pub conversation: Arc<Conversation>,
    /// The member's own state.
    pub state: MemberState,
    /// The other member of a private chat.
    pub other: Option<UserId>,
}

impl Entry {
    /// The sort key: the number of the newest message, or the conversation's own before there is
    /// one.
    pub fn rank(&self) -> PublicId {
        self.conversation.newest_id().unwrap_or(self.conversation.number)
    }

    /// Whether it is a room or a contextual chat, not a private chat.
    pub fn is_group(&self) -> bool {
        matches!(self.conversation.kind, Kind::Room | Kind::Contextual)
    }
}

/// A filter by flags: each has to be set or unset as given; `None` accepts both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    pub muted: Option<bool>,
    pub archived: Option<bool>,
    pub pinned: Option<bool>,
}

impl Flags {
    /// Whether an entry passes the filter.
    pub fn match_entry(self, entry: &Entry) -> bool {
        let state = &entry.state;
        let is = |wanted: Option<bool>, set: bool| wanted.is_none_or(|wanted| wanted == set);
        is(self.muted, state.muted)
            && is(self.archived, state.archived_at.is_some())
            && is(self.pinned, state.pinned.is_some())
    }

    pub(super) fn wanted(self, kinds: &[Kind]) -> Wanted {
        Wanted::of(kinds.iter().copied())
            .with(bucket::TRASHED, Some(false))
            .with(bucket::MUTED, self.muted)
            .with(bucket::ARCHIVED, self.archived)
            .with(bucket::PINNED, self.pinned)
    }
}

impl Views {
    /// A member's entry for a conversation that is not in the trash.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn entry(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Entry>, Error> {
        self.progress.require(SHOWN)?;
        let seen = self.seen(user, conversation).await?;
        let present = seen.into_iter().filter(|seen| !seen.conversation.trashed).collect();
        Ok(self.entries_of(user, present).await?.pop())
    }

    /// The current rank of a member's entry, for a cursor; `None` if the member sees no such entry.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn rank(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<PublicId>, Error> {
        Ok(self.entry(user, conversation).await?.map(|entry| entry.rank()))
    }

    /// A member's entries, the most recently active first.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn entries(
        &self,
        user: UserId,
        flags: Flags,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Slice<Entry>, Error> {
        self.progress.require(SHOWN)?;
        let wanted = flags.wanted(self.kinds);
        let (own_mask, own_value) = wanted.own();
        let states = self
            .ask("list entries", || async {
                sqlx::query_as(&entries_sql(cursor))
                    .bind(user)
                    .bind(wanted.mask)
                    .bind(wanted.value)
                    .bind(wanted.kinds())
                    .bind(cursor.number())
                    .bind(limit + 1)
                    .bind(own_mask)
                    .bind(own_value)
                    .fetch_all(&self.readers)
                    .await
            })
            .await?;
        let slice: Slice<MemberState> = cursor.slice(states, limit);
        let mut seen = self.all_seen(slice.items).await?;
        // A conversation that was read again may have been trashed meanwhile.
        seen.retain(|seen| !seen.conversation.trashed);
        Ok(Slice { items: self.entries_of(user, seen).await?, has_more: slice.has_more })
    }

    async fn entries_of(&self, user: UserId, seen: Vec<Seen>) -> Result<Vec<Entry>, Error> {
        let others = self.others(user, seen.iter().map(|seen| &*seen.conversation)).await?;
        let entries = seen.into_iter().map(|Seen { conversation, state }| {
            let other = others.get(&conversation.uuid).copied();
            Entry { conversation, state, other }
        });
        Ok(entries.collect())
    }

    /// The other member of each private chat.
    pub(super) async fn others(
        &self,
        user: UserId,
        conversations: impl Iterator<Item = &Conversation>,
    ) -> Result<std::collections::HashMap<ConversationId, UserId>, Error> {
        let private = conversations.filter(|conversation| conversation.kind == Kind::Private);
        let members = self
            .memory
            .members
            .all(&self.readers, private.map(|conversation| conversation.uuid))
            .await?;
        let other = |(conversation, members): (ConversationId, Arc<crate::memory::Members>)| {
            let other = members.list().into_iter().find(|member| member.user != user)?;
            Some((conversation, other.user))
        };
        Ok(members.into_iter().filter_map(other).collect())
    }
}

/// Parameters: user, bucket mask and value, kinds, the cursor's number, limit, and mask and value
/// for the buckets of large rooms. Reads one range of an index for each non-empty bucket, no
/// further than the page needs, and merges them.
pub(super) fn entries_sql(cursor: Cursor) -> String {
    let direction = cursor.direction();
    format!(
        "with page as materialized (
             select found.*
             from (select r.conversation, r.rank
                   from membership_counts k
                   cross join lateral (
                       select m.conversation, m.rank
                       from memberships m
                       where m.user_id = $1
                         and m.bucket = k.bucket
                         and {within}
                       order by m.rank {direction}
                       limit $6) r
                   where k.user_id = $1
                     and k.memberships > 0
                     and k.bucket < {LARGE}
                     and k.bucket & $2 = $3
                     and (k.bucket >> 6) & 3 = any($4)
                   union all
                   select large.*
                   from (select m.conversation, coalesce(c.newest_id, c.number) as rank
                         from memberships m
                         join conversations c on c.uuid = m.conversation
                         where m.user_id = $1
                           and m.bucket >= {LARGE}
                           and m.bucket & $7 = $8
                           and m.kind = any($4)
                           and not c.trashed) large
                   where {large_within}) found
             order by found.rank {direction}
             limit $6
         )
         select {COLUMNS}
         from page p
         join memberships m on m.user_id = $1 and m.conversation = p.conversation
         join conversations c on c.uuid = p.conversation
         order by p.rank {direction}",
        within = cursor.condition("m.rank", 5),
        large_within = cursor.condition("large.rank", 5),
        LARGE = bucket::LARGE,
    )
}
