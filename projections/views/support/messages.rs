use domain::conversation::Event as ConversationEvent;
use domain::{ConversationId, Event, PublicId};
use event_store::LogEvent;

use super::rows::{MESSAGE_JOINS, MessageRow, message_columns};
use super::{SUPPORT, SupportMessage};
use crate::changes::reveal;
use crate::{Error, Views};

/// Maximum number of messages without bounds, and before a number.
const BEFORE_MAX: i64 = 20;
/// Maximum number of messages after a number.
const AFTER_MAX: i64 = 100;
/// Maximum number of messages between two numbers.
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

    /// Like [`Views::support_message`], for one that was just posted: usually from this node's
    /// memory. A contact's message is always read, since it changes what is shown of the contact.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_posted(
        &self,
        conversation: ConversationId,
        id: PublicId,
    ) -> Result<Option<SupportMessage>, Error> {
        self.progress.require(SUPPORT)?;
        let posted = self.memory.posted.find(conversation, id);
        let Some((mut message, author)) = posted.and_then(|event| said_by_a_user(&event)) else {
            return self.support_message(conversation, id).await;
        };
        let users = self.memory.users.all(&self.readers, author).await?;
        message.author = author.and_then(|author| users.get(&author).cloned());
        Ok(Some(message))
    }
}

/// The message that an event posted, and its author; `None` if a contact sent it.
fn said_by_a_user(event: &LogEvent) -> Option<MessageRow> {
    let Ok(Event::Conversation(ConversationEvent::MessagePosted {
        message,
        author,
        text,
        support: Some(remark),
        content_attributes,
        source_id,
        ..
    })) = &event.event
    else {
        return None;
    };
    let (recorded, at) = (&event.recorded, event.recorded.recorded_at);
    let message = SupportMessage {
        id: recorded.account_position.into(),
        uuid: *message,
        conversation: recorded.aggregate_id.into(),
        direction: remark.direction,
        sender: remark.sender,
        author: None,
        contact: None,
        private: remark.private,
        content_type: remark.content_type,
        text: text.as_str().to_owned(),
        content_attributes: reveal(content_attributes).cloned().unwrap_or_default(),
        source_id: reveal(source_id).cloned(),
        echo_id: remark.echo_id.clone(),
        created_at: at,
        updated_at: at,
        deleted: false,
    };
    remark.contact.is_none().then_some((message, *author))
}

/// Parameters: conversation, the numbers that the messages are between, limit. The limit counts
/// from the newest or from the oldest.
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
