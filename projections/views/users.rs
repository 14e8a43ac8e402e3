use std::sync::Arc;

use domain::{AccountId, PublicId, UserId};

use super::{DIRECTORY, Views};
use crate::Error;
use crate::memory::{USER_COLUMNS, User};

/// How a caller names a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    Uuid(UserId),
    /// By id, if the text can be parsed as one and a user has it; else by uid.
    UuidOrUid(Option<UserId>, String),
    /// By public number.
    Id(PublicId),
    /// By uid; only if no user has that uid and it is all digits, by number.
    Text(String),
}

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

    /// The users of an account with these ids, in their order.
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

    /// The users that the references name, in their order; `None` where there is no such user.
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
}
