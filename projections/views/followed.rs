//! What a user is in, for whoever follows the log from there on.

use domain::{ConversationId, Position, UserId};

use super::{SHOWN, Views};
use crate::{Error, memberships};

/// The conversations that a user was in at a position of the log.
#[derive(Debug, Clone)]
pub struct Followed {
    /// Everything up to there is in it, and nothing beyond.
    pub position: Position,
    /// In no order.
    pub conversations: Vec<ConversationId>,
}

event_store::from_row!(Followed { position, conversations });

impl Views {
    /// The conversations that a user is in; none if there are more than `limit`.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn followed(&self, user: UserId, limit: usize) -> Result<Option<Followed>, Error> {
        self.progress.require(SHOWN)?;
        let memberships = self.progress.generation.schema(memberships::NAME);
        let names = self.names_of_served();
        // One statement: what it reads is of one moment, and rows and checkpoints are written
        // together.
        let read = || async {
            sqlx::query_as(
                "select position,
                        array(select conversation
                              from members
                              where user_id = $2 and kind = any($3)
                              limit $4) as conversations
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
        let found: Followed = self.ask("read memberships", read).await?;
        Ok(Some(found).filter(|found| found.conversations.len() <= limit))
    }
}
