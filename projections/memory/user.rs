use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{AccountId, PublicId, UserId};
use serde_json::Value;

use super::conversation::{tags_size, value_size};
use crate::readers::Readers;

/// A user of an account.
#[derive(Debug, Clone)]
pub struct User {
    pub id: PublicId,
    pub uuid: UserId,
    pub account_id: AccountId,
    /// The host system's name for the user.
    pub uid: String,
    /// The name to show.
    pub name: Option<String>,
    pub username: Option<String>,
    /// An e-mail address, not checked.
    pub email: Option<String>,
    /// URL of a picture.
    pub avatar_url: Option<String>,
    /// The role of the newest token that was seen.
    pub role: Option<String>,
    /// Metadata that the host system set.
    pub metadata: Option<Value>,
    /// In display order.
    pub tags: Vec<String>,
    /// When they were registered.
    pub created_at: DateTime<Utc>,
    /// When the profile changed last.
    pub modified_at: DateTime<Utc>,
}

event_store::from_row!(User {
    id,
    uuid,
    account_id,
    uid,
    name,
    username,
    email,
    avatar_url,
    role,
    metadata,
    tags,
    created_at,
    modified_at,
});

pub(crate) const COLUMNS: &str = "id, uuid, account_id, uid, name, username, email, avatar_url, \
    role, metadata, tags, created_at, modified_at";

impl User {
    /// The name; where that is blank, the username, and else the uid.
    pub fn display_name(&self) -> &str {
        let shown = |text: &&str| !text.trim().is_empty();
        let name = self.name.as_deref().filter(shown);
        name.or(self.username.as_deref().filter(shown)).unwrap_or(&self.uid)
    }

    pub(super) fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Self>()
            + self.uid.len()
            + [&self.name, &self.username, &self.email, &self.avatar_url]
                .map(text)
                .iter()
                .sum::<usize>()
            + self.metadata.as_ref().map_or(0, value_size)
            + tags_size(&self.tags)
    }
}

pub(super) async fn fetch(
    readers: Readers,
    uuids: Vec<UserId>,
) -> Result<HashMap<UserId, User>, sqlx::Error> {
    let rows: Vec<User> =
        sqlx::query_as(&format!("select {COLUMNS} from users where uuid = any($1)"))
            .bind(uuids)
            .fetch_all(&readers)
            .await?;
    Ok(rows.into_iter().map(|user| (user.uuid, user)).collect())
}
