//! Decodes rows: everything that is shown of a conversation or a message is one row, read column by
//! column.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{ContactId, MessageId, PublicId, TeamId, UserId};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{Decode, Postgres, Row as _, Type};

use super::{Contact, SupportConversation, SupportMessage, Team};
use crate::{Error, User, Views};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Columns of a row of contacts with the alias `k`.
pub(super) fn contact_columns(k: &str) -> String {
    format!(
        "{k}.uuid, {k}.number, {k}.name, {k}.email, {k}.phone_number, {k}.identifier,
         {k}.additional_attributes, {k}.custom_attributes, {k}.created_at, {k}.last_activity_at"
    )
}
const CONTACT_COLUMNS: usize = 10;

/// Columns of a row `t` of teams.
pub(super) const TEAM_COLUMNS: &str =
    "t.uuid, t.number, t.name, t.description, t.allow_auto_assign,
    array(select u.user_id from team_members u where u.team = t.uuid order by u.user_id)";
const TEAM_COLUMNS_COUNT: usize = 6;

/// Columns of a row `m` of messages.
const MESSAGE_COLUMNS: &str =
    "m.id, m.uuid, m.conversation, m.direction, m.sender, m.private, m.content_type, m.text,
     m.content_attributes, m.source_id, m.echo_id, m.created_at, m.updated_at, m.deleted, m.author";
const MESSAGE_COLUMNS_COUNT: usize = 15;

/// Columns of a row `m` of messages, with the contact `s` who sent it.
pub(super) fn message_columns() -> String {
    format!("{MESSAGE_COLUMNS}, {}", contact_columns("s"))
}

/// Joins what belongs to a row `m` of messages.
pub(super) const MESSAGE_JOINS: &str = "left join contacts s on s.uuid = m.contact";

/// Columns of a row `c` of conversations, with what belongs to it.
pub(super) fn conversation_columns() -> String {
    format!(
        "c.conversation, c.number, c.account_id, c.inbox, i.number, i.channel, c.link,
         c.source_id, c.status, c.snoozed_until, c.priority, c.labels,
         c.muted and coalesce(c.muted_until > clock_timestamp(), true),
         case when c.muted and c.muted_until <= clock_timestamp() then c.muted_until end,
         c.additional_attributes, c.custom_attributes, c.unread_count,
         c.agents_seen_at, c.assignee_seen_at,
         c.last_incoming_at, c.created_at, c.last_activity_at, c.first_reply_at,
         c.waiting_since, c.updated_at, c.assignee, {}, {TEAM_COLUMNS}, {}",
        contact_columns("k"),
        message_columns(),
    )
}

/// Joins what belongs to a row `c` of conversations.
pub(super) const CONVERSATION_JOINS: &str = "join inboxes i on i.uuid = c.inbox
    join contacts k on k.uuid = c.contact
    left join teams t on t.uuid = c.team
    left join support_messages m on m.account_id = c.account_id and m.id = c.newest_message
    left join contacts s on s.uuid = m.contact";

/// Reads the columns of a row, one after the other.
pub(super) struct Columns<'r> {
    row: &'r PgRow,
    at: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r PgRow) -> Self {
        Self { row, at: 0 }
    }

    pub(super) fn next<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Result<T> {
        self.at += 1;
        self.row.try_get(self.at - 1)
    }

    /// A value that is stored as its name.
    pub(super) fn named<T: Deserialize<'r>>(&mut self) -> Result<T> {
        let column = self.at;
        let name: &str = self.next()?;
        named(name, column)
    }

    fn named_if_any<T: Deserialize<'r>>(&mut self) -> Result<Option<T>> {
        let column = self.at;
        let name: Option<&str> = self.next()?;
        name.map(|name| named(name, column)).transpose()
    }

    fn map(&mut self) -> Result<Map<String, Value>> {
        let map: Option<Json<_>> = self.next()?;
        Ok(map.map(|map| map.0).unwrap_or_default())
    }

    /// Columns of an outer join: `None` if the first one is null.
    fn if_any<T>(
        &mut self,
        columns: usize,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<T>> {
        let end = self.at + columns;
        let is_there = !sqlx::ValueRef::is_null(&self.row.try_get_raw(self.at)?);
        let read = is_there.then(|| read(self)).transpose();
        self.at = end;
        read
    }
}

fn named<'r, T: Deserialize<'r>>(name: &'r str, column: usize) -> Result<T> {
    T::deserialize(name.into_deserializer()).map_err(|source: serde::de::value::Error| {
        sqlx::Error::ColumnDecode { index: column.to_string(), source: source.into() }
    })
}

pub(super) fn contact(columns: &mut Columns<'_>) -> Result<Contact> {
    Ok(Contact {
        uuid: columns.next::<ContactId>()?,
        number: columns.next::<PublicId>()?,
        name: columns.next()?,
        email: columns.next()?,
        phone_number: columns.next()?,
        identifier: columns.next()?,
        additional_attributes: columns.map()?,
        custom_attributes: columns.map()?,
        created_at: columns.next()?,
        last_activity_at: columns.next()?,
    })
}

pub(super) fn team(columns: &mut Columns<'_>) -> Result<Team> {
    Ok(Team {
        uuid: columns.next::<TeamId>()?,
        number: columns.next()?,
        name: columns.next()?,
        description: columns.next()?,
        allow_auto_assign: columns.next()?,
        members: columns.next()?,
    })
}

/// Each with the users that it refers to, not yet looked up.
pub(super) type MessageRow = (SupportMessage, Option<UserId>);
type ConversationRow = (SupportConversation, [Option<UserId>; 2]);

pub(super) fn message(columns: &mut Columns<'_>) -> Result<MessageRow> {
    let mut message = SupportMessage {
        id: columns.next()?,
        uuid: columns.next::<MessageId>()?,
        conversation: columns.next()?,
        direction: columns.named()?,
        sender: columns.named()?,
        private: columns.next()?,
        content_type: columns.named()?,
        text: columns.next()?,
        content_attributes: columns.map()?,
        source_id: columns.next()?,
        echo_id: columns.next()?,
        created_at: columns.next()?,
        updated_at: columns.next()?,
        deleted: columns.next()?,
        author: None,
        contact: None,
    };
    let author = columns.next()?;
    message.contact = columns.if_any(CONTACT_COLUMNS, contact)?;
    Ok((message, author))
}

fn conversation(columns: &mut Columns<'_>) -> Result<ConversationRow> {
    let (uuid, number, account) = (columns.next()?, columns.next()?, columns.next()?);
    let (inbox, inbox_number, channel) = (columns.next()?, columns.next()?, columns.named()?);
    let (link, source_id, status) = (columns.next()?, columns.next()?, columns.named()?);
    let (snoozed_until, priority) = (columns.next()?, columns.named_if_any()?);
    let (labels, muted, mute_over_since) = (columns.next()?, columns.next()?, columns.next()?);
    let (additional_attributes, custom_attributes) = (columns.map()?, columns.map()?);
    let unread_count = columns.next()?;
    let (agent_last_seen_at, assignee_last_seen_at) = (columns.next()?, columns.next()?);
    let (last_incoming_at, created_at) = (columns.next()?, columns.next()?);
    let (last_activity_at, first_reply_created_at) = (columns.next()?, columns.next()?);
    let (waiting_since, updated_at) = (columns.next()?, columns.next()?);
    let assignee = columns.next()?;
    let contact = contact(columns)?;
    let team = columns.if_any(TEAM_COLUMNS_COUNT, team)?;
    let last_message = columns.if_any(MESSAGE_COLUMNS_COUNT + CONTACT_COLUMNS, message)?;
    let (last_message, author) = last_message.map_or((None, None), |(m, by)| (Some(m), by));
    let conversation = SupportConversation {
        uuid,
        number,
        account,
        inbox,
        inbox_number,
        channel,
        link,
        source_id,
        contact,
        status,
        snoozed_until,
        priority,
        assignee: None,
        team,
        labels,
        muted,
        mute_over_since,
        additional_attributes,
        custom_attributes,
        last_message,
        unread_count,
        agent_last_seen_at,
        assignee_last_seen_at,
        last_incoming_at,
        created_at,
        last_activity_at,
        first_reply_created_at,
        waiting_since,
        updated_at,
    };
    Ok((conversation, [assignee, author]))
}

impl Views {
    /// Conversations from rows, with their users from the node's memory.
    pub(super) async fn with_agents(
        &self,
        rows: &[PgRow],
    ) -> std::result::Result<Vec<SupportConversation>, Error> {
        let read = rows.iter().map(|row| conversation(&mut Columns::of(row)));
        let read: Vec<_> =
            read.collect::<Result<_>>().map_err(Error::database("read conversations"))?;
        // Collected, since an iterator that is held across an await must have a single lifetime.
        let users: Vec<_> = read.iter().flat_map(|(_, users)| users.iter().copied()).collect();
        let users = users.into_iter().flatten();
        let users = self.memory.users.all(&self.readers, users).await?;
        let conversations = read.into_iter().map(|(mut conversation, [assignee, author])| {
            conversation.assignee = named_user(&users, assignee);
            if let Some(message) = &mut conversation.last_message {
                message.author = named_user(&users, author);
            }
            conversation
        });
        Ok(conversations.collect())
    }

    /// The same for messages.
    pub(super) async fn with_senders(
        &self,
        rows: &[PgRow],
    ) -> std::result::Result<Vec<SupportMessage>, Error> {
        let read = rows.iter().map(|row| message(&mut Columns::of(row)));
        let read: Vec<_> = read.collect::<Result<_>>().map_err(Error::database("read messages"))?;
        let authors: Vec<_> = read.iter().filter_map(|(_, author)| *author).collect();
        let users = self.memory.users.all(&self.readers, authors).await?;
        let messages = read.into_iter().map(|(mut message, author)| {
            message.author = named_user(&users, author);
            message
        });
        Ok(messages.collect())
    }
}

fn named_user(users: &HashMap<UserId, Arc<User>>, user: Option<UserId>) -> Option<Arc<User>> {
    users.get(&user?).cloned()
}
