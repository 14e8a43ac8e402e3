//! Users as another user sees them.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{AccountId, ConversationId, UserId};

use super::{SHOWN, Views};
use crate::memory::{USER_COLUMNS, User};
use crate::{Cursor, Error, Slice};

/// A user of an account, as another one sees them.
#[derive(Debug, Clone)]
pub struct Contact {
    pub user: Arc<User>,
    /// The private chat of the two, unless it is in the trash.
    pub conversation: Option<ConversationId>,
}

impl Views {
    /// A user, as the viewer sees them.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn contact(
        &self,
        account: AccountId,
        viewer: UserId,
        user: UserId,
    ) -> Result<Option<Contact>, Error> {
        self.progress.require(SHOWN)?;
        let user = self.memory.users.one(&self.readers, user).await?;
        let user = user.filter(|user| user.account_id == account);
        Ok(self.as_contacts(viewer, user.into_iter().collect()).await?.pop())
    }

    /// All users of the account but the viewer, the latest registered first.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn contacts(
        &self,
        account: AccountId,
        viewer: UserId,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Slice<Contact>, Error> {
        self.progress.require(SHOWN)?;
        let users: Vec<User> = self
            .ask("list contacts", || async {
                sqlx::query_as(&contacts_sql(cursor))
                    .bind(viewer)
                    .bind(account)
                    .bind(cursor.number())
                    .bind(limit + 1)
                    .fetch_all(&self.readers)
                    .await
            })
            .await?;
        let slice = cursor.slice(users, limit);
        let users = slice.items.into_iter().map(Arc::new).collect();
        let items = self.as_contacts(viewer, users).await?;
        Ok(Slice { items, has_more: slice.has_more })
    }

    /// Adds to each user the viewer's private chat with them, in one statement.
    pub(super) async fn as_contacts(
        &self,
        viewer: UserId,
        users: Vec<Arc<User>>,
    ) -> Result<Vec<Contact>, Error> {
        struct Row {
            other: UserId,
            conversation: ConversationId,
        }

        event_store::from_row!(Row { other, conversation });
        if users.is_empty() {
            return Ok(vec![]);
        }
        let rows: Vec<Row> = self
            .ask("look for private chats", || async {
                sqlx::query_as(
                    "select s.other, s.conversation
             from unnest($2::uuid[]) as w (uuid)
             join members s on s.user_id = $1 and s.other = w.uuid
             where not s.trashed and s.kind = any($3)",
                )
                .bind(viewer)
                .bind(users.iter().map(|user| user.uuid).collect::<Vec<_>>())
                .bind(self.names_of_served())
                .fetch_all(&self.readers)
                .await
            })
            .await?;
        let chats: HashMap<UserId, ConversationId> =
            rows.into_iter().map(|row| (row.other, row.conversation)).collect();
        let contact = |user: Arc<User>| {
            let conversation = chats.get(&user.uuid).copied();
            Contact { user, conversation }
        };
        Ok(users.into_iter().map(contact).collect())
    }
}

/// Parameters: viewer, account, the cursor's number, limit.
pub(super) fn contacts_sql(cursor: Cursor) -> String {
    let (condition, direction) = (cursor.condition("id", 3), cursor.direction());
    format!(
        "select {USER_COLUMNS}
         from users
         where account_id = $2 and uuid <> $1 and {condition}
         order by id {direction}
         limit $4"
    )
}
