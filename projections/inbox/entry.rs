//! A member's list by activity, with any filter on the member's own flags. It is made from this read model alone:
//! joined with another one, which may be behind or ahead, a page could lose a row.

use chrono::{DateTime, Utc};
use domain::conversation::Kind;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{Cursor, Error, Slice};

/// A conversation as an entry of one member's list.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Entry {
    /// The stream.
    pub conversation: Uuid,
    /// The public number.
    pub id: i64,
    /// Private, room or contextual.
    #[sqlx(json)]
    pub kind: Kind,
    /// The other one of the two in a private chat.
    pub other: Option<Uuid>,
    /// Which membership of the user it is.
    pub membership: i64,
    /// Who made it; none when the host system did.
    pub created_by: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The message that stands out for everyone.
    pub pinned_message: Option<Uuid>,
    /// What the list is ordered by: the newest message's number or, before there is one, its own.
    pub active: i64,
    /// The newest message's number.
    pub newest_id: Option<i64>,
    /// When that was posted.
    pub last_active_at: Option<DateTime<Utc>>,
    /// The member's own.
    pub is_pinned: bool,
    /// The member's own.
    pub is_muted: bool,
    /// The end of the mute, if it has one.
    pub muted_until: Option<DateTime<Utc>>,
    /// When the member archived it.
    pub archived_at: Option<DateTime<Utc>>,
    /// When the member marked it as read last.
    pub opened_at: Option<DateTime<Utc>>,
}

impl Entry {
    /// A conversation of people at large, not of two.
    pub fn is_group(&self) -> bool {
        self.kind != Kind::Private
    }
}

/// Which of the flags an entry has to have, or not to have; none: either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// Muted.
    pub muted: Option<bool>,
    /// Archived.
    pub archived: Option<bool>,
    /// Pinned.
    pub pinned: Option<bool>,
}

impl Flags {
    /// Whether an entry has them.
    pub fn match_entry(self, entry: &Entry) -> bool {
        self.hold(entry.is_muted, entry.archived_at.is_some(), entry.is_pinned)
    }

    fn hold(self, muted: bool, archived: bool, pinned: bool) -> bool {
        let is = |wanted: Option<bool>, set: bool| wanted.is_none_or(|wanted| wanted == set);
        is(self.muted, muted) && is(self.archived, archived) && is(self.pinned, pinned)
    }

    /// The values of the column that match, of eight.
    pub(super) fn matching(self) -> Vec<i16> {
        let bit = |flags: i16, bit| flags & bit != 0;
        (0..8).filter(|flags| self.hold(bit(*flags, 4), bit(*flags, 2), bit(*flags, 1))).collect()
    }
}

/// A member's entry for a conversation that is not in the trash.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn entry(pool: &PgPool, user: Uuid, conversation: Uuid) -> Result<Option<Entry>, Error> {
    let chosen = format!(
        "select {SEAT} from inbox.seats s
         where s.user_id = $1 and s.conversation = $2 and not s.trashed"
    );
    sqlx::query_as(&shown(&chosen))
        .bind(user)
        .bind(conversation)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("read an entry"))
}

/// Where the cursor on a member's entry stands now; none when there is no such entry to see.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn activity(pool: &PgPool, user: Uuid, conversation: Uuid) -> Result<Option<i64>, Error> {
    sqlx::query_scalar(
        "select active from inbox.seats where user_id = $1 and conversation = $2 and not trashed",
    )
    .bind(user)
    .bind(conversation)
    .fetch_optional(pool)
    .await
    .map_err(Error::database("find a place in a list"))
}

/// A member's entries, the latest active first.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn entries(
    pool: &PgPool,
    user: Uuid,
    flags: Flags,
    cursor: Cursor,
    limit: i64,
) -> Result<Slice<Entry>, Error> {
    let entries = sqlx::query_as(&entries_sql(cursor))
        .bind(user)
        .bind(flags.matching())
        .bind(cursor.number())
        .bind(limit + 1)
        .fetch_all(pool)
        .await
        .map_err(Error::database("list entries"))?;
    Ok(cursor.slice(entries, limit))
}

const SEAT: &str =
    "s.conversation, s.id, to_jsonb(s.kind) as kind, s.other, s.membership, s.newest_id,
    s.active, s.pinned is not null as is_pinned, s.muted as is_muted, s.muted_until, s.archived_at,
    s.opened_at";

/// For user, flags, the cursor's number and limit. Each value of the flags is a range of one index, read no
/// further than the page needs; at most eight such ranges are merged.
pub(super) fn entries_sql(cursor: Cursor) -> String {
    let direction = cursor.direction();
    let chosen = format!(
        "select merged.*
         from unnest($2::smallint[]) wanted (flags)
         cross join lateral (
             select {SEAT}
             from inbox.seats s
             where s.user_id = $1
               and not s.trashed
               and s.flags = wanted.flags
               and {condition}
             order by s.active {direction}
             limit $4) merged
         order by merged.active {direction}
         limit $4",
        condition = cursor.condition("s.active", 3),
    );
    format!("{} order by chosen.active {direction}", shown(&chosen))
}

fn shown(chosen: &str) -> String {
    format!(
        "select chosen.*, c.created_by, c.created_at, c.pinned_message, m.at as last_active_at
         from ({chosen}) chosen
         join inbox.conversations c on c.uuid = chosen.conversation
         left join inbox.messages m on m.conversation = chosen.conversation and m.id = chosen.newest_id"
    )
}
