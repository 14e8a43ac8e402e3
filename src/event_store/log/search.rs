use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Log;
use crate::recorded::{Row, SELECT};
use crate::{Error, RecordedEvent};

/// Which events an auditor wants; none of them: all.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Of this conversation, its members' own and its auditors' too.
    pub conversation: Option<Uuid>,
    /// Caused by this uid.
    pub actor: Option<String>,
    /// That name this user, as actor's entry, author, member or subject.
    pub user: Option<Uuid>,
    /// `MessagePosted` …
    pub event_type: Option<String>,
    /// Of this tenant.
    pub account: Option<i64>,
    /// Recorded at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Recorded before this time.
    pub until: Option<DateTime<Utc>>,
    /// Up to this position.
    pub to: Option<i64>,
    /// Caused by this request.
    pub request_id: Option<String>,
}

impl Log {
    /// Up to `limit` events of one conversation, its members' own too, with a position above
    /// `after`.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn read_conversation(
        &self,
        conversation: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RecordedEvent>, Error> {
        let search = Search { conversation: Some(conversation), ..Search::default() };
        self.search(&search, after, limit).await
    }

    /// Up to `limit` events that a search finds, with a position above `after`, ascending.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn search(
        &self,
        search: &Search,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RecordedEvent>, Error> {
        // Said only when it is asked for, so that the index of a conversation's events is used
        // then.
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
             limit $3"
        );
        let rows: Vec<Row> = sqlx::query_as(&sql)
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
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("search the log"))?;
        Ok(self.with_keys(rows).await)
    }
}
