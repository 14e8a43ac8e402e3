//! The events of an account that a user may see, for clients that reconnect.

use std::sync::Arc;

use domain::conversation::Kind;
use domain::{AccountId, AccountPosition, ConversationId, InboxId, UserId};
use futures::TryStreamExt;

use super::Log;
use crate::recorded::{Row, SELECT};
use crate::{Error, LogEvent};

/// Limits of one statement: how many account positions it scans, and how many events and bytes it
/// returns.
const WINDOW: i64 = 10_000;
const EVENTS_MAX: i64 = 500;
const BYTES_MAX: usize = 1 << 20;

/// A viewer of an account.
#[derive(Debug, Clone)]
pub struct Watcher {
    pub account: AccountId,
    /// The user; `None` for the host system.
    pub user: Option<UserId>,
    /// The conversations that the user is in.
    pub conversations: Vec<ConversationId>,
    /// Kinds of which they see all conversations.
    pub kinds: &'static [Kind],
    /// Inboxes of which they see all conversations.
    pub inboxes: Vec<InboxId>,
}

/// The visible events, and how far the log was scanned for them.
#[derive(Debug)]
pub struct Window {
    /// In order of their positions.
    pub events: Vec<Arc<LogEvent>>,
    /// The account position up to which there are no further ones.
    pub end: AccountPosition,
}

impl Log {
    /// The events visible to a viewer after one account position and up to another, or only the
    /// first part of that range if it holds much. Of a deleted conversation, users see the deletion
    /// if they were members at that time; of one that they were removed from, they see the removal.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn seen_by(
        &self,
        watcher: &Watcher,
        after: AccountPosition,
        to: AccountPosition,
    ) -> Result<Window, Error> {
        let mut end = to.min(after + WINDOW);
        let sql = format!(
            "{SELECT}
             where e.account_id = $1
               and e.account_position > $2
               and e.account_position <= $3
               and e.aggregate_type <> 'audit'
               and (e.conversation_id = any($5)
                    or e.aggregate_type = 'user' and ($6::text is null or e.aggregate_id = $6)
                    or e.event_type = 'MemberRemoved' and e.payload ->> 'user' = $6
                    or e.event_type = 'ConversationDeleted' and $6 is not null and (
                        select m.event_type <> 'MemberRemoved'
                        from events m
                        where m.aggregate_type = e.aggregate_type
                          and m.aggregate_id = e.aggregate_id
                          and case m.event_type
                              when 'ConversationCreated' then (m.payload -> 'members')::jsonb ? $6
                              when 'MemberAdded' then m.payload ->> 'user' = $6
                              when 'MemberRemoved' then m.payload ->> 'user' = $6
                              else false
                          end
                        order by m.sequence desc
                        limit 1)
                    or (cardinality($7::text[]) > 0 or cardinality($8::uuid[]) > 0) and exists (
                        select
                        from events c
                        where c.aggregate_type = 'conversation'
                          and c.aggregate_id = e.conversation_id::text
                          and c.sequence = 1
                          and (c.payload ->> 'kind' = any($7)
                               or (c.payload #>> '{{support,inbox}}')::uuid = any($8))))
             order by e.account_position
             limit $4"
        );
        let kinds: Vec<&str> = watcher.kinds.iter().map(|kind| kind.as_str()).collect();
        let mut rows = sqlx::query_as::<_, Row>(&sql)
            .bind(watcher.account)
            .bind(after)
            .bind(end)
            .bind(EVENTS_MAX)
            .bind(&watcher.conversations)
            .bind(watcher.user.map(|user| user.to_string()))
            .bind(kinds)
            .bind(&watcher.inboxes)
            .fetch(&self.pool);
        let (mut found, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await.map_err(Error::database("read the log"))? {
            bytes += row.bytes();
            found.push(row);
            if bytes > BYTES_MAX {
                break;
            }
        }
        drop(rows);
        let is_part = bytes > BYTES_MAX || found.len() as i64 == EVENTS_MAX;
        let events = self.with_keys(found);
        if let (true, Some(last)) = (is_part, events.last()) {
            end = last.account_position;
        }
        Ok(Window { events: events.into_iter().map(LogEvent::from).map(Arc::new).collect(), end })
    }
}
