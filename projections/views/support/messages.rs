use domain::{AccountId, ConversationId, PublicId};

use super::rows::{MESSAGE_JOINS, message_columns};
use super::{SUPPORT, SupportMessage};
use crate::{Error, Views};

/// Messages without bounds, and before a number.
const BEFORE_MAX: i64 = 20;
/// Messages after a number.
const AFTER_MAX: i64 = 100;
/// Messages between two numbers.
const BETWEEN_MAX: i64 = 1_000;

impl Views {
    /// Messages of a support conversation, the oldest first: without bounds the last 20; before a
    /// number the 20 before it; after one up to 100 after it; between two up to 1,000.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_messages(
        &self,
        conversation: ConversationId,
        before: Option<PublicId>,
        after: Option<PublicId>,
    ) -> Result<Vec<SupportMessage>, Error> {
        self.progress.require(SUPPORT)?;
        let limit = match (before, after) {
            (_, None) => BEFORE_MAX,
            (None, Some(_)) => AFTER_MAX,
            (Some(_), Some(_)) => BETWEEN_MAX,
        };
        let sql = messages_sql(after.is_none());
        let rows = self.ask("list messages", || async {
            sqlx::query(&sql)
                .bind(conversation)
                .bind(after.unwrap_or(PublicId::NONE))
                .bind(before.unwrap_or(PublicId::MAX))
                .bind(limit)
                .fetch_all(&self.readers)
                .await
        });
        let mut messages = self.with_senders(&rows.await?).await?;
        if after.is_none() {
            messages.reverse();
        }
        Ok(messages)
    }

    /// One message of a support conversation.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_message(
        &self,
        conversation: ConversationId,
        id: PublicId,
    ) -> Result<Option<SupportMessage>, Error> {
        self.progress.require(SUPPORT)?;
        let sql = format!(
            "select {} from support_messages m {MESSAGE_JOINS} where m.conversation = $1 \
             and m.id = $2",
            message_columns()
        );
        let rows = self.ask("read a message", || async {
            sqlx::query(&sql).bind(conversation).bind(id).fetch_all(&self.readers).await
        });
        Ok(self.with_senders(&rows.await?).await?.pop())
    }

    /// The same of one that was posted just now: as a rule it stands in its conversation, which
    /// a client that posts the next one asks for.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_posted(
        &self,
        account: AccountId,
        conversation: ConversationId,
        id: PublicId,
    ) -> Result<Option<SupportMessage>, Error> {
        let found = self.support_conversation_of(account, conversation).await?;
        match found.as_ref().and_then(|found| found.last_message.as_ref()) {
            Some(newest) if newest.id == id => Ok(Some(newest.clone())),
            _ => self.support_message(conversation, id).await,
        }
    }
}

/// For conversation, the numbers that they are between, and limit: those nearest to the end that is
/// open, first.
pub(in crate::views) fn messages_sql(newest_first: bool) -> String {
    let direction = if newest_first { "desc" } else { "asc" };
    format!(
        "select {}
         from support_messages m
         {MESSAGE_JOINS}
         where m.conversation = $1 and m.id > $2 and m.id < $3
         order by m.id {direction}
         limit $4",
        message_columns()
    )
}
