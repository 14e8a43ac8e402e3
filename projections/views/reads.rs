//! Messages as one member sees them: each with when it was read.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{AccountId, ConversationId, MessageId, PublicId, UserId};

use super::messages::COLUMNS;
use super::{SHOWN, Views};
use crate::memory::{Message, User};
use crate::{Cursor, Error, Slice};

/// A message, who wrote it, and when it was read.
#[derive(Debug, Clone)]
pub struct Read {
    pub message: Message,
    pub author: Arc<User>,
    /// For another member's message: when the viewer's marker came to cover it. For the viewer's
    /// own: when the first other member's did. `None` when no marker covers it now.
    pub read_at: Option<DateTime<Utc>>,
}

/// How a message is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// By its own id.
    Uuid(MessageId),
    /// By public number.
    Number(PublicId),
}

struct Row {
    message: Message,
    read_at: Option<DateTime<Utc>>,
}

event_store::from_row!(Row { message: flatten, read_at });

impl Views {
    /// One message of an account, as the viewer sees it. Does not check whether they may.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn read(
        &self,
        account: AccountId,
        viewer: UserId,
        name: Name,
    ) -> Result<Option<Read>, Error> {
        self.progress.require(SHOWN)?;
        let (uuid, number) = match name {
            Name::Uuid(uuid) => (Some(uuid), None),
            Name::Number(number) => (None, Some(number)),
        };
        let column = if uuid.is_some() { "uuid = $3" } else { "id = $4" };
        let chosen = format!("select * from messages m where m.account_id = $2 and m.{column}");
        let rows = self
            .ask("read a message", || async {
                sqlx::query_as(&with_read_at(&chosen))
                    .bind(viewer)
                    .bind(account)
                    .bind(uuid)
                    .bind(number)
                    .fetch_all(&self.readers)
                    .await
            })
            .await?;
        Ok(self.reads_of(rows).await?.pop())
    }

    /// The messages of a conversation, as the viewer sees them, the newest first.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn reads(
        &self,
        viewer: UserId,
        conversation: ConversationId,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Slice<Read>, Error> {
        self.progress.require(SHOWN)?;
        if !self.serves_id(conversation).await? {
            return Ok(Slice { items: vec![], has_more: false });
        }
        let rows = self
            .ask("list messages", || async {
                sqlx::query_as(&reads_sql(cursor))
                    .bind(viewer)
                    .bind(conversation)
                    .bind(cursor.number())
                    .bind(limit + 1)
                    .fetch_all(&self.readers)
                    .await
            })
            .await?;
        let slice: Slice<Row> = cursor.slice(rows, limit);
        Ok(Slice { items: self.reads_of(slice.items).await?, has_more: slice.has_more })
    }

    async fn reads_of(&self, rows: Vec<Row>) -> Result<Vec<Read>, Error> {
        let of = rows.iter().map(|row| row.message.conversation);
        let of = self.memory.conversations.all(&self.readers, of).await?;
        let users =
            self.memory.users.all(&self.readers, rows.iter().map(|row| row.message.author)).await?;
        let reads = rows.into_iter().filter_map(|Row { message, read_at }| {
            of.get(&message.conversation).filter(|of| self.serves(of))?;
            let author = users.get(&message.author)?.clone();
            Some(Read { message, author, read_at })
        });
        Ok(reads.collect())
    }
}

/// Parameters: viewer, conversation, the cursor's number, limit.
pub(super) fn reads_sql(cursor: Cursor) -> String {
    let (condition, direction) = (cursor.condition("m.id", 3), cursor.direction());
    let chosen = format!(
        "select * from messages m
         where m.conversation = $2 and {condition}
         order by m.id {direction}
         limit $4"
    );
    format!("{} order by m.id {direction}", with_read_at(&chosen))
}

/// A marker that covers a message was set after it was posted, usually soon after. So for the
/// viewer's own messages the markers are scanned in the order in which they were set, from the
/// message on.
fn with_read_at(chosen: &str) -> String {
    format!(
        "select {COLUMNS},
                case when m.author = $1
                     then (select k.at
                           from read_ranges k
                           where uuid_hash(k.conversation) = uuid_hash(m.conversation)
                             and k.conversation = m.conversation
                             and k.position > m.id
                             and k.top >= m.id
                             and k.user_id <> $1
                           order by k.position
                           limit 1)
                     else (select k.at
                           from read_ranges k
                           where k.user_id = $1
                             and k.conversation = m.conversation
                             and k.top >= m.id
                           order by k.top
                           limit 1)
                end as read_at
         from ({chosen}) m"
    )
}
