use std::sync::Arc;

use domain::inbox::Channel;
use domain::{AccountId, ContactId, ContactLinkId, ConversationId, InboxId, PublicId};

use super::rows::{CONVERSATION_JOINS, Columns, conversation_columns};
use super::{SUPPORT, SupportConversation};
use crate::memory::Changed;
use crate::views::answer_caches::concerns_desk;
use crate::{Error, Views};

/// The parts of a support conversation that never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupportPlace {
    /// Its id.
    pub uuid: ConversationId,
    /// The public number.
    pub number: PublicId,
    /// The inbox's id.
    pub inbox: InboxId,
    /// The inbox's public number.
    pub inbox_number: PublicId,
    /// The inbox's channel.
    pub channel: Channel,
    /// The contact.
    pub contact: ContactId,
}

impl SupportConversation {
    /// The parts that never change.
    pub fn place(&self) -> SupportPlace {
        SupportPlace {
            uuid: self.uuid,
            number: self.number,
            inbox: self.inbox,
            inbox_number: self.inbox_number,
            channel: self.channel,
            contact: self.contact.uuid,
        }
    }
}

impl Views {
    /// The place of the support conversation with a public number; it never changes.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_place(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<SupportPlace>, Error> {
        self.progress.require(SUPPORT)?;
        let row = self.ask("look up a conversation", || async {
            sqlx::query(PLACE).bind(account).bind(number).fetch_optional(&self.readers).await
        });
        let read = async {
            let place = row.await?.map(|row| place(&mut Columns::of(&row))).transpose();
            place.map_err(Error::database("look up a conversation"))
        };
        let concerns = |place: &Option<_>, changed: &Changed| {
            *changed == Changed::Anything || place.is_none() && concerns_desk(changed)
        };
        self.cached(&self.answers.support_places, number, concerns, read).await
    }

    /// The support conversation with a public number, in whichever inbox it is.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_conversation(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<Arc<SupportConversation>>, Error> {
        self.progress.require(SUPPORT)?;
        if let Some(uuid) = self.memory.numbers.get(&(account, number)) {
            return self.support_conversation_of(account, uuid).await;
        }
        let sql = conversation_sql("c.number = $2");
        let rows = self.ask("read a conversation", || async {
            sqlx::query(&sql).bind(account).bind(number).fetch_all(&self.readers).await
        });
        let found = self.with_agents(&rows.await?).await?.pop();
        if let Some(found) = &found {
            self.memory.numbers.insert((account, number), found.uuid);
        }
        Ok(found.map(Arc::new))
    }

    /// The support conversation with an id.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_conversation_of(
        &self,
        account: AccountId,
        uuid: ConversationId,
    ) -> Result<Option<Arc<SupportConversation>>, Error> {
        self.progress.require(SUPPORT)?;
        let read = async {
            let sql = conversation_sql("c.conversation = $2");
            let rows = self.ask("read a conversation", || async {
                sqlx::query(&sql).bind(account).bind(uuid).fetch_all(&self.readers).await
            });
            Ok(self.with_agents(&rows.await?).await?.pop().map(Arc::new))
        };
        let concerns = |_: &Option<_>, changed: &Changed| match changed {
            Changed::Conversation(other) | Changed::Members(other, _) => *other == uuid,
            Changed::Own(other, _) if *other != uuid => false,
            changed => concerns_desk(changed),
        };
        let found = self.cached(&self.answers.support_conversations, uuid, concerns, read).await?;
        self.readers.count(found.as_ref().map_or(0, |found| found.size())).await?;
        Ok(found)
    }

    /// The newest conversation of a link.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn newest_of_link(
        &self,
        link: ContactLinkId,
    ) -> Result<Option<ConversationId>, Error> {
        self.progress.require(SUPPORT)?;
        self.ask("look for a conversation", || async {
            sqlx::query_scalar(NEWEST_OF_LINK).bind(link).fetch_optional(&self.readers).await
        })
        .await
    }
}

/// Parameters: account, and the value that `which` compares.
pub(in crate::views) fn conversation_sql(which: &str) -> String {
    format!(
        "select {}
         from support_conversations c
         {CONVERSATION_JOINS}
         where c.account_id = $1 and {which}",
        conversation_columns()
    )
}

/// Parameters: account and number.
pub(in crate::views) const PLACE: &str =
    "select c.conversation, c.number, c.inbox, i.number, i.channel, c.contact
     from support_conversations c
     join inboxes i on i.uuid = c.inbox
     where c.account_id = $1 and c.number = $2";

fn place(columns: &mut Columns<'_>) -> Result<SupportPlace, sqlx::Error> {
    Ok(SupportPlace {
        uuid: columns.next()?,
        number: columns.next()?,
        inbox: columns.next()?,
        inbox_number: columns.next()?,
        channel: columns.named()?,
        contact: columns.next()?,
    })
}

/// Parameter: the link.
pub(in crate::views) const NEWEST_OF_LINK: &str = "select conversation
    from support_conversations
    where link = $1
    order by number desc
    limit 1";
