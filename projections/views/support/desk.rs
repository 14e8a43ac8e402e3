use std::sync::Arc;

use domain::{AccountId, InboxId, PublicId, UserId};
use sqlx::postgres::PgRow;

use super::rows::{Columns, TEAM_COLUMNS, team};
use super::{DESK, Inbox, Team};
use crate::memory::{Changed, USER_COLUMNS};
use crate::{Error, User, Views};

const INBOX_COLUMNS: &str = "uuid, number, name, channel, website_url, email, \
                             lock_to_single_conversation, enable_auto_assignment";

impl Views {
    /// All inboxes of an account, by number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn inboxes(&self, account: AccountId) -> Result<Vec<Inbox>, Error> {
        self.progress.require(DESK)?;
        let sql =
            format!("select {INBOX_COLUMNS} from inboxes where account_id = $1 order by number");
        let rows = self.ask("list inboxes", || async {
            sqlx::query(&sql).bind(account).fetch_all(&self.readers).await
        });
        inboxes(&rows.await?)
    }

    /// The inboxes that an agent is in.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn inboxes_of(
        &self,
        account: AccountId,
        user: UserId,
    ) -> Result<Vec<InboxId>, Error> {
        self.progress.require(DESK)?;
        let list = self.ask("list inboxes", || async {
            sqlx::query_scalar(
                "select i.uuid
                 from inbox_members m
                 join inboxes i on i.uuid = m.inbox
                 where m.user_id = $1 and i.account_id = $2
                 order by i.number",
            )
            .bind(user)
            .bind(account)
            .fetch_all(&self.readers)
            .await
        });
        let read = async { Ok(Arc::<[InboxId]>::from(list.await?)) };
        let concerns = |_: &Arc<[InboxId]>, changed: &Changed| {
            matches!(changed, Changed::Inbox | Changed::Anything)
        };
        let found = self.cached(&self.answers.inboxes_of, user, concerns, read).await?;
        Ok(found.to_vec())
    }

    /// The inbox with a public number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn inbox(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<Inbox>, Error> {
        self.progress.require(DESK)?;
        let sql =
            format!("select {INBOX_COLUMNS} from inboxes where account_id = $1 and number = $2");
        let rows = self.ask("look up an inbox", || async {
            sqlx::query(&sql).bind(account).bind(number).fetch_all(&self.readers).await
        });
        Ok(inboxes(&rows.await?)?.pop())
    }

    /// The members of an inbox, by number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn inbox_members(
        &self,
        account: AccountId,
        inbox: InboxId,
    ) -> Result<Vec<Arc<User>>, Error> {
        self.progress.require(DESK)?;
        let members: Vec<UserId> = self
            .ask("list the members of an inbox", || async {
                sqlx::query_scalar("select user_id from inbox_members where inbox = $1")
                    .bind(inbox)
                    .fetch_all(&self.readers)
                    .await
            })
            .await?;
        let mut members = self.users_of(account, &members).await?;
        members.sort_by_key(|user| user.id);
        Ok(members)
    }

    /// All teams of an account, by number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn teams(&self, account: AccountId) -> Result<Vec<Team>, Error> {
        self.progress.require(DESK)?;
        let sql =
            format!("select {TEAM_COLUMNS} from teams t where t.account_id = $1 order by t.number");
        let rows = self.ask("list teams", || async {
            sqlx::query(&sql).bind(account).fetch_all(&self.readers).await
        });
        teams(&rows.await?)
    }

    /// The team with a public number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn team(&self, account: AccountId, number: PublicId) -> Result<Option<Team>, Error> {
        self.progress.require(DESK)?;
        let sql =
            format!("select {TEAM_COLUMNS} from teams t where t.account_id = $1 and t.number = $2");
        let rows = self.ask("look up a team", || async {
            sqlx::query(&sql).bind(account).bind(number).fetch_all(&self.readers).await
        });
        Ok(teams(&rows.await?)?.pop())
    }

    /// Users who are known as agents or administrators, by number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn agents(&self, account: AccountId) -> Result<Vec<Arc<User>>, Error> {
        self.progress.require(DESK)?;
        let found: Vec<User> = self
            .ask("list agents", || async {
                sqlx::query_as(&agents_sql()).bind(account).fetch_all(&self.readers).await
            })
            .await?;
        Ok(found.into_iter().map(Arc::new).collect())
    }
}

/// Parameter: the account. Agents are few among many users, so there is a partial index of them.
pub(in crate::views) fn agents_sql() -> String {
    format!(
        "select {USER_COLUMNS}
         from users
         where account_id = $1 and role in ('agent', 'administrator')
         order by id"
    )
}

fn inboxes(rows: &[PgRow]) -> Result<Vec<Inbox>, Error> {
    let read = rows.iter().map(|row| {
        let mut columns = Columns::of(row);
        Ok(Inbox {
            uuid: columns.next()?,
            number: columns.next()?,
            name: columns.next()?,
            channel: columns.named()?,
            website_url: columns.next()?,
            email: columns.next()?,
            lock_to_single_conversation: columns.next()?,
            enable_auto_assignment: columns.next()?,
        })
    });
    read.collect::<Result<_, _>>().map_err(Error::database("read inboxes"))
}

fn teams(rows: &[PgRow]) -> Result<Vec<Team>, Error> {
    let read = rows.iter().map(|row| team(&mut Columns::of(row)));
    read.collect::<Result<_, _>>().map_err(Error::database("read teams"))
}
