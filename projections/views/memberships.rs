//! Who is in a member's conversations, since when.

use chrono::{DateTime, Utc};
use domain::{ConversationId, MembershipId, ParticipationId, UserId};

use super::{SHOWN, Views};
use crate::{Error, Page};

/// Who is in a conversation, since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    pub conversation: ConversationId,
    pub user_id: UserId,
    /// The account position of the event that added the user.
    pub membership: MembershipId,
    /// When they were added.
    pub joined_at: DateTime<Utc>,
}

event_store::from_row!(Membership { conversation, user_id, membership, joined_at });

const COLUMNS: &str = "s.conversation, s.user_id, s.membership, s.joined_at";

/// Parameters: viewer, conversations, users, kinds.
const MATCHING: &str = "from members own
    join members s on s.conversation = own.conversation
    where own.user_id = $1
      and not own.trashed
      and own.kind = any($4)
      and ($2::uuid[] is null or own.conversation = any($2))
      and ($3::uuid[] is null or s.user_id = any($3))";

impl Views {
    /// The membership with this participation, if the viewer is in its conversation and that is not
    /// in the trash.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn membership(
        &self,
        viewer: UserId,
        participation: ParticipationId,
    ) -> Result<Option<Membership>, Error> {
        self.progress.require(SHOWN)?;
        self.ask("read a membership", || async {
            sqlx::query_as(&format!(
                "select {COLUMNS}
             from members s
             join members own on own.conversation = s.conversation and own.user_id = $1
             where s.participation = $2 and not own.trashed and own.kind = any($3)"
            ))
            .bind(viewer)
            .bind(participation)
            .bind(self.names_of_served())
            .fetch_optional(&self.readers)
            .await
        })
        .await
    }

    /// The memberships of all conversations that a user is in and that are not in the trash, in the
    /// order in which they were created.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn memberships(
        &self,
        viewer: UserId,
        conversations: Option<&[ConversationId]>,
        users: Option<&[UserId]>,
        limit: i64,
        offset: i64,
    ) -> Result<Page<Membership>, Error> {
        self.progress.require(SHOWN)?;
        let items = self
            .ask("list memberships", || async {
                sqlx::query_as(&format!(
            "select {COLUMNS} {MATCHING} order by s.membership, s.user_id limit $5 offset $6"
        ))
        .bind(viewer)
        .bind(conversations)
        .bind(users)
        .bind(self.names_of_served())
        .bind(limit)
        .bind(offset)
        .fetch_all(&self.readers).await
            })
            .await?;
        let total = self
            .ask("count memberships", || async {
                sqlx::query_scalar(&format!("select count(*) {MATCHING}"))
                    .bind(viewer)
                    .bind(conversations)
                    .bind(users)
                    .bind(self.names_of_served())
                    .fetch_one(&self.readers)
                    .await
            })
            .await?;
        Ok(Page { items, total: Some(total) })
    }
}
