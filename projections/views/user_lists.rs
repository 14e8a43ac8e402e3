use domain::{AccountId, UserId};
use sqlx::{Postgres, QueryBuilder};

use super::{DIRECTORY, Views};
use crate::memory::{USER_COLUMNS, User};
use crate::{Error, Page};

/// A selection of users by exact values.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// With one of these ids.
    pub uuids: Option<Vec<UserId>>,
    /// With one of these shown names.
    pub names: Option<Vec<String>>,
    /// With one of these uids.
    pub uids: Option<Vec<String>>,
    /// Order by shown name, `true` for descending; `None` for the order of registration.
    pub by_name: Option<bool>,
    /// Maximum number of items.
    pub limit: i64,
    /// Number of items to skip.
    pub offset: i64,
}

/// The same expression as in the indexes.
const NAME: &str = "fold(coalesce(name, username, uid)) collate \"und-x-icu\"";

impl Views {
    /// The users of an account that match a selection.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn select_users(
        &self,
        account: AccountId,
        selection: &Selection,
    ) -> Result<Page<User>, Error> {
        self.progress.require(DIRECTORY)?;
        let page = || async {
            let mut page = matching(&format!("select {USER_COLUMNS}"), account, selection);
            page.push(match selection.by_name {
                None => " order by id".to_owned(),
                Some(false) => format!(" order by {NAME}, uuid"),
                Some(true) => format!(" order by {NAME} desc, uuid"),
            });
            page.push(" limit ").push_bind(selection.limit);
            page.push(" offset ").push_bind(selection.offset);
            page.build_query_as().fetch_all(&self.readers).await
        };
        let items = self.ask("list users", page).await?;
        let total = match selection {
            Selection { uuids: None, names: None, uids: None, .. } => {
                self.count_users(account).await?
            }
            _ => {
                let count = || async {
                    let mut count = matching("select count(*)", account, selection);
                    count.build_query_scalar().fetch_one(&self.readers).await
                };
                self.ask("count users", count).await?
            }
        };
        Ok(Page { items, total: Some(total) })
    }

    /// Users by name, then number: those with `q` in their name, username or uid, or all; without
    /// `except`.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn users(
        &self,
        account: AccountId,
        q: Option<&str>,
        except: Option<UserId>,
        top: i64,
        skip: i64,
    ) -> Result<Page<User>, Error> {
        self.progress.require(DIRECTORY)?;
        let items = self
            .ask("list users", || async {
                let sql = users_sql(q.is_some());
                let page = sqlx::query_as(&sql).bind(account).bind(top).bind(skip).bind(q);
                page.bind(except).fetch_all(&self.readers).await
            })
            .await?;
        let total = match q {
            None => {
                let left_out = self.users_of(account, except.as_slice()).await?.len() as i64;
                self.count_users(account).await? - left_out
            }
            Some(q) => {
                self.ask("count users", || async {
                    let sql = format!("select count(*) from ({}) found", users_sql(true));
                    let count = sqlx::query_scalar(&sql).bind(account).bind(i64::MAX).bind(0_i64);
                    count.bind(q).bind(except).fetch_one(&self.readers).await
                })
                .await?
            }
        };
        Ok(Page { items, total: Some(total) })
    }

    async fn count_users(&self, account: AccountId) -> Result<i64, Error> {
        let users = self
            .ask("count users", || async {
                sqlx::query_scalar("select users from user_counts where account_id = $1")
                    .bind(account)
                    .fetch_optional(&self.readers)
                    .await
            })
            .await?;
        Ok(users.unwrap_or(0))
    }
}

/// The condition that parameter `$q` is part of the name, username or uid of a row of users,
/// ignoring case and accents: the same expression as in the index. The text is no pattern, so its
/// pattern characters are escaped.
pub(super) fn found_by(row: &str, q: u8) -> String {
    format!(
        "unaccented(coalesce({row}.name, '') || ' ' || coalesce({row}.username, '') || ' '
                    || {row}.uid)
             like '%'
                  || replace(replace(replace(unaccented(${q}), '\\', '\\\\'), '%', '\\%'),
                             '_', '\\_')
                  || '%'"
    )
}

/// Parameters: account, limit, offset, q, and the user to leave out. A search is done first, by its
/// index, and only what it finds is sorted.
pub(super) fn users_sql(searched: bool) -> String {
    let (found, users) = match searched {
        true => (
            format!(
                "with found as materialized (
                     select * from users u where u.account_id = $1 and {}
                 ) ",
                found_by("u", 4)
            ),
            "found",
        ),
        false => (String::new(), "users"),
    };
    format!(
        "{found}select {USER_COLUMNS}
         from {users}
         where account_id = $1
           and ($5::uuid is null or uuid <> $5)
         order by {NAME}, id
         limit $2 offset $3"
    )
}

fn matching<'a>(
    select: &str,
    account: AccountId,
    selection: &'a Selection,
) -> QueryBuilder<'a, Postgres> {
    let mut sql = QueryBuilder::new(select);
    sql.push(" from users where account_id = ").push_bind(account);
    if let Some(uuids) = &selection.uuids {
        sql.push(" and uuid = any(").push_bind(uuids).push(")");
    }
    if let Some(uids) = &selection.uids {
        sql.push(" and uid = any(").push_bind(uids).push(")");
    }
    if let Some(names) = &selection.names {
        // The index holds folded names; the exact comparison follows.
        sql.push(format!(" and {NAME} = any(array(select fold(name) from unnest("));
        sql.push_bind(names).push("::text[]) as name))");
        sql.push(" and coalesce(name, username, uid) = any(").push_bind(names).push(")");
    }
    sql
}
