//! A member's rooms and contextual chats, with the other members.

use std::collections::HashMap;
use std::sync::Arc;

use domain::conversation::Kind;
use domain::{ConversationId, UserId};
use unicode_normalization::UnicodeNormalization;

use super::{Contact, SHOWN, Views};
use crate::memory::{Conversation, SHOWN_MAX, User};
use crate::{Cursor, Error, Slice};

/// A room or contextual chat, presented as the list of its other members.
#[derive(Debug, Clone)]
pub struct Group {
    /// The state that all viewers share.
    pub conversation: Arc<Conversation>,
    /// The other members, by name.
    pub contacts: Vec<Contact>,
}

impl Group {
    /// Its name, or else the names of the other members in the order of their numbers.
    pub fn display_name(&self) -> String {
        self.conversation.name.clone().unwrap_or_else(|| {
            let mut others: Vec<&User> =
                self.contacts.iter().map(|contact| &*contact.user).collect();
            others.sort_by_key(|user| user.id);
            let names: Vec<&str> = others.iter().map(|user| user.display_name()).collect();
            names.join(", ")
        })
    }
}

impl Views {
    /// A group that a user is in.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn group(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Group>, Error> {
        self.progress.require(SHOWN)?;
        let Some(seen) = self.seen(user, conversation).await? else { return Ok(None) };
        let is_group = matches!(seen.conversation.kind, Kind::Room | Kind::Contextual);
        if !is_group || seen.conversation.trashed {
            return Ok(None);
        }
        Ok(self.groups_of(user, vec![seen.conversation]).await?.pop())
    }

    /// The groups that a user is in, the latest created first.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn groups(
        &self,
        user: UserId,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Slice<Group>, Error> {
        self.progress.require(SHOWN)?;
        let ids: Vec<ConversationId> = self
            .ask("list groups", || async {
                sqlx::query_scalar(&groups_sql(cursor))
                    .bind(user)
                    .bind(cursor.number())
                    .bind(limit + 1)
                    .bind(self.names_of_served())
                    .fetch_all(&self.readers)
                    .await
            })
            .await?;
        let slice = cursor.slice(ids, limit);
        let found =
            self.memory.conversations.all(&self.readers, slice.items.iter().copied()).await?;
        let conversations = slice.items.iter().filter_map(|id| found.get(id).cloned()).collect();
        let items = self.groups_of(user, conversations).await?;
        Ok(Slice { items, has_more: slice.has_more })
    }

    async fn groups_of(
        &self,
        user: UserId,
        conversations: Vec<Arc<Conversation>>,
    ) -> Result<Vec<Group>, Error> {
        let is_longer =
            |conversation: &&Arc<Conversation>| conversation.member_count > SHOWN_MAX as i64;
        let longer = conversations.iter().filter(is_longer).map(|conversation| conversation.uuid);
        let short = conversations
            .iter()
            .filter(|one| !is_longer(one))
            .map(|conversation| conversation.uuid);
        let mut members = self.memory.members.all(&self.readers, short).await?;
        members.extend(self.memory.all_members.all(&self.readers, longer).await?);
        let members: HashMap<ConversationId, Vec<UserId>> = members
            .into_iter()
            .map(|(of, members)| (of, members.list().iter().map(|member| member.user).collect()))
            .collect();
        let users =
            self.memory.users.all(&self.readers, members.values().flatten().copied()).await?;
        let known: Vec<Arc<User>> =
            users.into_values().filter(|other| other.uuid != user).collect();
        let contacts = self.as_contacts(user, known).await?;
        let contacts: HashMap<UserId, Contact> =
            contacts.into_iter().map(|contact| (contact.user.uuid, contact)).collect();
        let groups = conversations.into_iter().map(|conversation| {
            let others = members.get(&conversation.uuid).into_iter().flatten();
            let mut contacts: Vec<Contact> =
                others.filter_map(|user| contacts.get(user).cloned()).collect();
            contacts.sort_by_cached_key(|contact| {
                (fold(contact.user.display_name()), contact.user.uuid)
            });
            Group { conversation, contacts }
        });
        Ok(groups.collect())
    }
}

/// Parameters: user, the cursor's number, limit, kinds. The kinds of groups are also spelled out,
/// since the index is a partial one of these.
pub(super) fn groups_sql(cursor: Cursor) -> String {
    let (condition, direction) = (cursor.condition("s.number", 2), cursor.direction());
    format!(
        "select s.conversation
         from members s
         where s.user_id = $1
           and not s.trashed
           and s.kind in ('room', 'contextual')
           and s.kind = any($4)
           and {condition}
         order by s.number {direction}
         limit $3"
    )
}

/// Like the SQL function `fold`.
fn fold(name: &str) -> String {
    let name: String = name.nfc().collect();
    name.to_lowercase().to_uppercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_only_in_case_and_form_are_the_same() {
        for (one, other) in [("Straße", "STRASSE"), ("ΟΔΟΣ", "οδοσ"), ("José", "JOSE\u{301}")]
        {
            assert_eq!(fold(one), fold(other));
        }
        assert_ne!(fold("İ"), fold("ı"));
    }
}
