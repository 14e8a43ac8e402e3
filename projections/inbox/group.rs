//! A member's conversations of people at large, with those people.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::directory::Contact;
use crate::directory::contact::{CHAT, COLUMNS};
use crate::{Cursor, Error, Slice};

/// A room or contextual chat, seen as its other members.
#[derive(Debug, Clone, FromRow)]
pub struct Group {
    /// The stream.
    pub conversation: Uuid,
    /// Its own name, if it has one.
    pub name: Option<String>,
    /// Its description, if it has one.
    pub description: Option<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// Who made it; none when the host system did.
    pub created_by: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The others, by name.
    pub contacts: Json<Vec<Contact>>,
}

impl Group {
    /// Its name or, when it has none, those of the others in the order of their numbers.
    pub fn display_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let mut others: Vec<&Contact> = self.contacts.iter().collect();
            others.sort_by_key(|contact| contact.id);
            let names: Vec<&str> = others.iter().map(|one| one.display_name.as_str()).collect();
            names.join(", ")
        })
    }
}

/// A group that a user is in.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn group(pool: &PgPool, user: Uuid, conversation: Uuid) -> Result<Option<Group>, Error> {
    let chosen = "select s.conversation, s.id from inbox.seats s
                  where s.user_id = $1 and s.conversation = $2 and not s.trashed and s.kind <> 'private'";
    sqlx::query_as(&shown(chosen))
        .bind(user)
        .bind(conversation)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("read a group"))
}

/// The groups that a user is in, the latest made first.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn groups(
    pool: &PgPool,
    user: Uuid,
    cursor: Cursor,
    limit: i64,
) -> Result<Slice<Group>, Error> {
    let groups = sqlx::query_as(&groups_sql(cursor))
        .bind(user)
        .bind(cursor.number())
        .bind(limit + 1)
        .fetch_all(pool)
        .await
        .map_err(Error::database("list groups"))?;
    Ok(cursor.slice(groups, limit))
}

/// For user, the cursor's number and limit.
pub(super) fn groups_sql(cursor: Cursor) -> String {
    let (condition, direction) = (cursor.condition("s.id", 2), cursor.direction());
    let chosen = format!(
        "select s.conversation, s.id
         from inbox.seats s
         where s.user_id = $1
           and not s.trashed
           and s.kind <> 'private'
           and {condition}
         order by s.id {direction}
         limit $3"
    );
    format!("{} order by chosen.id {direction}", shown(&chosen))
}

fn shown(chosen: &str) -> String {
    format!(
        "select chosen.conversation, k.name, c.description, c.avatar_url, k.created_by, k.created_at,
                others.contacts
         from ({chosen}) chosen
         join inbox.conversations k on k.uuid = chosen.conversation
         left join conversation_list.conversations c on c.uuid = chosen.conversation
         cross join lateral (
             select coalesce(jsonb_agg(to_jsonb(contact) order by lower(contact.display_name collate \"und-x-icu\"), contact.id),
                             '[]') as contacts
             from (select {COLUMNS}
                   from conversation_list.members m
                   join directory.users u on u.uuid = m.user_id
                   {CHAT}
                   where m.conversation = chosen.conversation
                     and m.user_id <> $1) contact
         ) others"
    )
}
