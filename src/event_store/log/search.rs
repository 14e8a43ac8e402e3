use chrono::{DateTime, Utc};
use domain::{AccountId, ConversationId, Position, UserId};
use futures::TryStreamExt;

use super::Log;
use crate::recorded::{Row, SELECT};
use crate::{Error, RecordedEvent};

/// An auditor's filters. All that are set must match; without any, every event does.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Of this conversation, including its members' own events and those that record audits of it.
    pub conversation: Option<ConversationId>,
    /// Caused by this uid.
    pub actor: Option<String>,
    /// Of this user's own stream, or with the user's id anywhere in the payload.
    pub user: Option<UserId>,
    /// `MessagePosted` …
    pub event_type: Option<String>,
    /// Of this account.
    pub account: Option<AccountId>,
    /// Recorded at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Recorded before this time.
    pub until: Option<DateTime<Utc>>,
    /// Up to this position.
    pub to: Option<Position>,
    /// Caused by this request.
    pub request_id: Option<String>,
}

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// Ascending.
    pub events: Vec<RecordedEvent>,
    /// There are further matches after them.
    pub more: bool,
}

/// Limit, in bytes, of one search: a thousand of the largest events would be a gigabyte.
const BYTES_MAX: usize = 8 << 20;

impl Log {
    /// Up to `limit` events of one conversation, including its members' own, with a position above
    /// `after`.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn read_conversation(
        &self,
        conversation: ConversationId,
        after: Position,
        limit: i64,
    ) -> Result<Vec<RecordedEvent>, Error> {
        let search = Search { conversation: Some(conversation), ..Search::default() };
        Ok(self.search(&search, after, limit).await?.events)
    }

    /// The first matches with a position above `after`: up to `limit` and about 8 MiB, but at least
    /// one if there is any.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn search(
        &self,
        search: &Search,
        after: Position,
        limit: i64,
    ) -> Result<Found, Error> {
        // The condition is left out unless it is asked for, so that with it the planner uses the
        // index of a conversation's events.
        let of_conversation = match search.conversation {
            Some(_) => "e.conversation_id = $1",
            None => "$1::uuid is null",
        };
        let sql = format!(
            "{SELECT}
             where {of_conversation}
               and e.position > $2
               and ($4::text is null or e.metadata ->> 'actor' = $4)
               and ($5::text is null or e.aggregate_id = $5 or strpos(e.payload::text, $5) > 0)
               and ($6::text is null or e.event_type = $6)
               and ($7::bigint is null or e.account_id = $7)
               and ($8::timestamptz is null or e.recorded_at >= $8)
               and ($9::timestamptz is null or e.recorded_at < $9)
               and ($10::bigint is null or e.position <= $10)
               and ($11::text is null or e.metadata ->> 'request_id' = $11)
             order by e.position
             limit $3 + 1"
        );
        let mut rows = sqlx::query_as::<_, Row>(&sql)
            .bind(search.conversation)
            .bind(after)
            .bind(limit)
            .bind(&search.actor)
            .bind(search.user.map(|id| id.to_string()))
            .bind(&search.event_type)
            .bind(search.account)
            .bind(search.since)
            .bind(search.until)
            .bind(search.to)
            .bind(&search.request_id)
            .fetch(&self.pool);
        let (mut found, mut bytes, mut more) = (Vec::new(), 0, false);
        while let Some(row) = rows.try_next().await.map_err(Error::database("search the log"))? {
            bytes += row.bytes();
            more = found.len() as i64 == limit || (bytes > BYTES_MAX && !found.is_empty());
            if more {
                break;
            }
            found.push(row);
        }
        drop(rows);
        Ok(Found { events: self.with_keys(found), more })
    }
}
