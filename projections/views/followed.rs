//! The conversations and inboxes of a user at a position, from which a listener follows the log.

use domain::{ConversationId, InboxId, Position, UserId};

use super::{SHOWN, Views};
use crate::{Error, desk, memberships};

/// The conversations or inboxes that a user was in at a position of the log.
#[derive(Debug, Clone)]
pub struct Followed<Id> {
    /// The log position that the answer reflects exactly.
    pub position: Position,
    /// Unordered.
    pub is_in: Vec<Id>,
}

impl<Id> Followed<Id> {
    fn within(limit: usize, (position, is_in): (Position, Vec<Id>)) -> Option<Self> {
        (is_in.len() <= limit).then_some(Self { position, is_in })
    }
}

// Each answer comes from one statement, so that it is of one moment: rows and checkpoints are
// written together.
impl Views {
    /// The conversations that a user is in; `None` if there are more than `limit`.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn followed_conversations(
        &self,
        user: UserId,
        limit: usize,
    ) -> Result<Option<Followed<ConversationId>>, Error> {
        self.progress.require(SHOWN)?;
        let memberships = self.progress.generation.schema(memberships::NAME);
        let names = self.names_of_served();
        let read = || async {
            sqlx::query_as(
                "select position,
                        array(select conversation
                              from members
                              where user_id = $2 and kind = any($3)
                              limit $4)
                 from checkpoints
                 where name = $1",
            )
            .bind(&memberships)
            .bind(user)
            .bind(&names)
            .bind(limit as i64 + 1)
            .fetch_one(&self.readers)
            .await
        };
        Ok(Followed::within(limit, self.ask("read memberships", read).await?))
    }

    /// The inboxes that an agent is in; `None` if there are more than `limit`.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn followed_inboxes(
        &self,
        agent: UserId,
        limit: usize,
    ) -> Result<Option<Followed<InboxId>>, Error> {
        self.progress.require(&[desk::NAME])?;
        let desk = self.progress.generation.schema(desk::NAME);
        let read = || async {
            sqlx::query_as(
                "select position,
                        array(select inbox
                              from inbox_members
                              where user_id = $2
                              limit $3)
                 from checkpoints
                 where name = $1",
            )
            .bind(&desk)
            .bind(agent)
            .bind(limit as i64 + 1)
            .fetch_one(&self.readers)
            .await
        };
        Ok(Followed::within(limit, self.ask("read memberships of inboxes", read).await?))
    }
}
