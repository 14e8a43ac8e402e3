use std::sync::Arc;

use domain::{AccountId, PublicId, UserId};
use sqlx::{Postgres, QueryBuilder};

use super::{DIRECTORY, Views};
use crate::memory::{USER_COLUMNS, User};
use crate::{Error, Page};

/// How a caller names a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    Uuid(UserId),
    /// By stream, if the text can be read as one and a user has it; else by uid.
    UuidOrUid(Option<UserId>, String),
    /// By public number.
    Id(PublicId),
    /// By uid; only if no user has that uid and it is all digits, by number.
    Text(String),
}

/// Which users, by exact values.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// One of these streams.
    pub uuids: Option<Vec<UserId>>,
    /// One of these shown names.
    pub names: Option<Vec<String>>,
    /// One of these uids.
    pub uids: Option<Vec<String>>,
    /// By shown name, and whether descending; without, in the order of registration.
    pub by_name: Option<bool>,
    /// Items at most.
    pub limit: i64,
    /// Items to leave out at the start.
    pub offset: i64,
}

/// As the indexes have it.
const NAME: &str = "fold(coalesce(name, username, uid)) collate \"und-x-icu\"";

impl Views {
    /// The user whom the host system calls `uid`.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn user_by_uid(
        &self,
        account: AccountId,
        uid: &str,
    ) -> Result<Option<Arc<User>>, Error> {
        self.progress.require(DIRECTORY)?;
        self.memory.users.one(&self.readers, domain::user_id(account, uid)).await
    }

    /// The user with a public number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn user_by_id(
        &self,
        account: AccountId,
        id: PublicId,
    ) -> Result<Option<Arc<User>>, Error> {
        self.progress.require(DIRECTORY)?;
        let found: Option<User> = self
            .ask("look up a user", || async {
                sqlx::query_as(&format!(
                    "select {USER_COLUMNS} from users where account_id = $1 and id = $2"
                ))
                .bind(account)
                .bind(id)
                .fetch_optional(&self.readers)
                .await
            })
            .await?;
        Ok(found.map(Arc::new))
    }

    /// The users of an account with these streams, in their order.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn users_of(
        &self,
        account: AccountId,
        uuids: &[UserId],
    ) -> Result<Vec<Arc<User>>, Error> {
        self.progress.require(DIRECTORY)?;
        let users = self.memory.users.all(&self.readers, uuids.iter().copied()).await?;
        let of_account = |user: &&Arc<User>| user.account_id == account;
        Ok(uuids.iter().filter_map(|uuid| users.get(uuid)).filter(of_account).cloned().collect())
    }

    /// The users that are named, in the order of the references; `None` where there is no such
    /// user.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn resolve(
        &self,
        account: AccountId,
        references: &[Reference],
    ) -> Result<Vec<Option<UserId>>, Error> {
        self.progress.require(DIRECTORY)?;
        let number_of = |reference: &Reference| match reference {
            Reference::Id(id) => Some((account, *id)),
            _ => None,
        };
        let known = |reference| self.memory.user_numbers.get(&number_of(reference)?).map(Some);
        if let Some(known) = references.iter().map(known).collect() {
            return Ok(known);
        }
        let (mut uuids, mut uids, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for reference in references {
            let (uuid, uid, id) = match reference {
                Reference::Uuid(uuid) => (Some(*uuid), None, None),
                Reference::UuidOrUid(uuid, uid) => (*uuid, Some(uid.as_str()), None),
                Reference::Id(id) => (None, None, Some(*id)),
                Reference::Text(text) => {
                    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                    (None, Some(text.as_str()), digits.then(|| text.parse().ok()).flatten())
                }
            };
            uuids.push(uuid);
            uids.push(uid);
            ids.push(id);
        }
        let found = self.ask("look up users", || async {
            sqlx::query_scalar(
                "select coalesce(by_uuid.uuid, by_uid.uuid, by_id.uuid)
                 from unnest($2::text[], $3::bigint[], $4::uuid[]) with ordinality
                     as r (uid, id, uuid, place)
                 left join users by_uuid on by_uuid.account_id = $1 and by_uuid.uuid = r.uuid
                 left join users by_uid on by_uid.account_id = $1 and by_uid.uid = r.uid
                 left join users by_id on by_id.account_id = $1 and by_id.id = r.id
                 order by r.place",
            )
            .bind(account)
            .bind(&uids)
            .bind(&ids)
            .bind(&uuids)
            .fetch_all(&self.readers)
            .await
        });
        let found: Vec<Option<UserId>> = found.await?;
        for (reference, user) in references.iter().zip(&found) {
            if let (Some(number), Some(user)) = (number_of(reference), user) {
                self.memory.user_numbers.insert(number, *user);
            }
        }
        Ok(found)
    }

    /// The users of an account that match.
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

    /// Users by name, then number; those with `q` in their name, username or uid, or all; without
    /// one of them, if that one is to be left out.
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

/// A parameter is part of the name, the username or the uid of a row of users, ignoring case
/// and accents: written as the index has it. The text is no pattern, so what would be one is
/// escaped.
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

/// For account, limit, offset, q, and whom to leave out. What is searched for is found first, by
/// its index, and only that is sorted.
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
        // The index knows folded names.
        sql.push(format!(" and {NAME} = any(array(select fold(name) from unnest("));
        sql.push_bind(names).push("::text[]) as name))");
        sql.push(" and coalesce(name, username, uid) = any(").push_bind(names).push(")");
    }
    sql
}
