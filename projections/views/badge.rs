use std::collections::HashMap;

use domain::UserId;
use domain::conversation::Kind;

use super::list::UNREAD;
use super::{SHOWN, Views};
use crate::Error;
use crate::memberships::bucket;
use crate::readers::Readers;

/// How many conversations of each kind are unread, without those in the trash and those that the
/// member archived or muted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnreadCounts {
    pub private: i64,
    pub room: i64,
    pub contextual: i64,
}

event_store::from_row!(UnreadCounts { private, room, contextual });

impl Views {
    /// A user's unread conversations, by kind: the sum of a few kept counts, plus the large rooms
    /// that the user is in.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn unread_counts(&self, user: UserId) -> Result<UnreadCounts, Error> {
        self.progress.require(SHOWN)?;
        let mut found = self.unread_counts.load(&self.readers, vec![user]).await?;
        let counts = found.remove(&user).map(|counts| *counts).unwrap_or_default();
        let served = |kind, count| if self.kinds.contains(&kind) { count } else { 0 };
        Ok(UnreadCounts {
            private: served(Kind::Private, counts.private),
            room: served(Kind::Room, counts.room),
            contextual: served(Kind::Contextual, counts.contextual),
        })
    }
}

struct Row {
    user_id: UserId,
    counts: UnreadCounts,
}

event_store::from_row!(Row { user_id, counts: flatten });

pub(super) async fn fetch(
    readers: Readers,
    users: Vec<UserId>,
) -> Result<HashMap<UserId, UnreadCounts>, sqlx::Error> {
    let rows: Vec<Row> =
        sqlx::query_as(&unread_counts_sql()).bind(users).fetch_all(&readers).await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.counts)).collect())
}

/// Parameter: user ids.
pub(super) fn unread_counts_sql() -> String {
    let kind = |number: i16| {
        format!(
            "coalesce(sum(unread.memberships) filter (where unread.kind = {number}), 0)::bigint"
        )
    };
    format!(
        "select w.user_id, {private} as private, {room} as room, {contextual} as contextual
         from unnest($1::uuid[]) as w (user_id)
         cross join lateral (
             select (k.bucket >> 6) & 3 as kind, k.memberships
             from membership_counts k
             where k.user_id = w.user_id
               and k.bucket < {LARGE}
               and k.bucket & {MASK} = {UNREAD_BIT}
             union all
             select m.kind, 1
             from memberships m
             join conversations c on c.uuid = m.conversation
             where m.user_id = w.user_id
               and m.bucket >= {LARGE}
               and m.bucket & {OWN} = 0
               and not c.trashed
               and {UNREAD}) unread
         group by w.user_id",
        private = kind(0),
        room = kind(1),
        contextual = kind(2),
        LARGE = bucket::LARGE,
        MASK = bucket::UNREAD | bucket::TRASHED | bucket::ARCHIVED | bucket::MUTED,
        UNREAD_BIT = bucket::UNREAD,
        OWN = bucket::ARCHIVED | bucket::MUTED,
    )
}
