use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{AccountId, ConversationId, MessageId, PublicId};

use super::{SHOWN, Views};
use crate::memory::{Message, User};
use crate::{Error, Page};

/// A message, and who wrote it.
#[derive(Debug, Clone)]
pub struct ShownMessage {
    pub message: Message,
    pub author: Arc<User>,
}

/// Columns of a row `m` of messages.
pub(super) const COLUMNS: &str =
    "m.id, m.uuid, m.conversation, m.author, m.text, m.metadata, m.tags, m.created_at,
    m.modified_at";

impl Views {
    /// One message of an account, by number. Does not check whether the caller may see it.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn message(
        &self,
        account: AccountId,
        id: PublicId,
    ) -> Result<Option<ShownMessage>, Error> {
        self.progress.require(SHOWN)?;
        let found: Option<Message> = self
            .ask("read a message", || async {
                sqlx::query_as(&format!(
                    "select {COLUMNS} from messages m where m.account_id = $1 and m.id = $2"
                ))
                .bind(account)
                .bind(id)
                .fetch_optional(&self.readers)
                .await
            })
            .await?;
        let found = self.of_served(found.into_iter().collect()).await?;
        Ok(self.with_authors(found).await?.pop())
    }

    /// Like [`Views::message`], for one that was just posted to a conversation: from memory, as
    /// long as it is the newest there.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn posted(
        &self,
        account: AccountId,
        conversation: ConversationId,
        id: PublicId,
    ) -> Result<Option<ShownMessage>, Error> {
        self.progress.require(SHOWN)?;
        let known = self.memory.conversations.known(&conversation);
        let known = known.filter(|known| known.account_id == account && self.serves(known));
        match known.as_ref().and_then(|known| known.newest()) {
            Some(newest) if newest.id == id => {
                Ok(self.with_authors(vec![newest.clone()]).await?.pop())
            }
            _ => self.message(account, id).await,
        }
    }

    /// The messages of an account with these ids, in their order. Does not check whether the caller
    /// may see them.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn messages_of(
        &self,
        account: AccountId,
        uuids: &[MessageId],
    ) -> Result<Vec<ShownMessage>, Error> {
        self.progress.require(SHOWN)?;
        let found = self
            .ask("read messages", || async {
                sqlx::query_as(&format!(
                    "select {COLUMNS}
             from unnest($2::uuid[]) with ordinality as w (uuid, place)
             join messages m on m.uuid = w.uuid
             where m.account_id = $1
             order by w.place"
                ))
                .bind(account)
                .bind(uuids)
                .fetch_all(&self.readers)
                .await
            })
            .await?;
        self.with_authors(self.of_served(found).await?).await
    }

    /// The number of a message of a conversation.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn message_number(
        &self,
        conversation: ConversationId,
        uuid: MessageId,
    ) -> Result<Option<PublicId>, Error> {
        self.progress.require(SHOWN)?;
        if !self.serves_id(conversation).await? {
            return Ok(None);
        }
        self.ask("number a message", || async {
            sqlx::query_scalar("select id from messages where uuid = $1 and conversation = $2")
                .bind(uuid)
                .bind(conversation)
                .fetch_optional(&self.readers)
                .await
        })
        .await
    }

    /// The number of the newest message of a conversation that was posted no later than `time`,
    /// compared to the millisecond.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn newest_until(
        &self,
        conversation: ConversationId,
        time: DateTime<Utc>,
    ) -> Result<Option<PublicId>, Error> {
        self.progress.require(SHOWN)?;
        if !self.serves_id(conversation).await? {
            return Ok(None);
        }
        self.ask("look for a message", || async {
            sqlx::query_scalar(
                "select id
             from messages
             where conversation = $1 and date_trunc('milliseconds', created_at) <= $2
             order by id desc
             limit 1",
            )
            .bind(conversation)
            .bind(time)
            .fetch_optional(&self.readers)
            .await
        })
        .await
    }

    /// Whether a conversation has a message with this number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn has_message(
        &self,
        conversation: ConversationId,
        id: PublicId,
    ) -> Result<bool, Error> {
        self.progress.require(SHOWN)?;
        if !self.serves_id(conversation).await? {
            return Ok(false);
        }
        self.ask("look for a message", || async {
            sqlx::query_scalar(
                "select exists (select from messages where conversation = $1 and id = $2)",
            )
            .bind(conversation)
            .bind(id)
            .fetch_one(&self.readers)
            .await
        })
        .await
    }

    /// Messages of a conversation in posting order, or newest first.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn messages(
        &self,
        conversation: ConversationId,
        descending: bool,
        top: i64,
        skip: i64,
    ) -> Result<Page<ShownMessage>, Error> {
        self.progress.require(SHOWN)?;
        if !self.serves_id(conversation).await? {
            return Ok(Page { items: vec![], total: Some(0) });
        }
        let (list, position) = ((conversation, descending), self.progress.position());
        let end = self.message_ends.find(list, skip, position);
        let offset = if end.is_some() { 0 } else { skip };
        let end = end.unwrap_or(if descending { PublicId::MAX } else { PublicId::NONE });
        let found: Vec<Message> = self
            .ask("list messages", || async {
                sqlx::query_as(&page_sql(descending))
                    .bind(conversation)
                    .bind(top)
                    .bind(offset)
                    .bind(end)
                    .fetch_all(&self.readers)
                    .await
            })
            .await?;
        if let Some(last) = found.last() {
            self.message_ends.note(list, skip + found.len() as i64, position, last.id);
        }
        let conversation = self.memory.conversations.one(&self.readers, conversation).await?;
        let total = conversation.map_or(0, |conversation| conversation.message_count);
        Ok(Page { items: self.with_authors(found).await?, total: Some(total) })
    }

    pub(super) async fn with_authors(
        &self,
        messages: Vec<Message>,
    ) -> Result<Vec<ShownMessage>, Error> {
        let users = self
            .memory
            .users
            .all(&self.readers, messages.iter().map(|message| message.author))
            .await?;
        let shown = messages.into_iter().filter_map(|message| {
            let author = users.get(&message.author)?.clone();
            Some(ShownMessage { message, author })
        });
        Ok(shown.collect())
    }
}

/// Parameters: conversation, limit, offset, and the last number of the page before.
pub(super) fn page_sql(descending: bool) -> String {
    let (direction, beyond) = if descending { ("desc", "<") } else { ("asc", ">") };
    format!(
        "select {COLUMNS}
         from messages m
         where m.conversation = $1 and m.id {beyond} $4
         order by m.id {direction}
         limit $2 offset $3"
    )
}
