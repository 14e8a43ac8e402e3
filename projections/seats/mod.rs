//! What several read models have to know of a batch alike: who came and went, what was said where, and what
//! each member did for themselves. Everything is folded to the last word on each thing, so that one
//! statement writes it whatever the order was.

mod marks;
mod membership;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::conversation;
use domain::participation::Change;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use marks::Marks;
pub(crate) use membership::Membership;

use crate::rows::write;
use crate::{Error, Event, Recorded};

/// The last word on a conversation in a batch; none where the batch said nothing.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Talk {
    conversation: Uuid,
    /// The newest message, and who wrote it.
    newest_id: Option<i64>,
    newest_author: Option<Uuid>,
    /// The newest message of anyone else than that author. With the two, what is the newest by somebody else
    /// is known for every member without a row for each.
    newest_by_other: Option<i64>,
    trashed: Option<bool>,
    /// The newest change that everyone sees: what is said, the name, who is in it.
    changed_at: Option<DateTime<Utc>>,
    renamed: bool,
    name: Option<String>,
    /// A message was made to stand out, or no longer.
    pin_changed: bool,
    pinned_message: Option<Uuid>,
}

/// The last word on one member's own state; none where the batch said nothing.
#[derive(Debug, Serialize)]
pub(crate) struct Own {
    conversation: Uuid,
    user_id: Uuid,
    membership: i64,
    /// The marker was moved or taken away.
    marker_changed: bool,
    marker: Option<i64>,
    marked_at: Option<DateTime<Utc>>,
    marked_unread: Option<bool>,
    /// When it was looked at last.
    opened_at: Option<DateTime<Utc>>,
    /// The bookmark of earlier batches is gone.
    bookmark_removed: bool,
    /// The position where one was set, if there was none before.
    bookmark: Option<i64>,
    marks: Marks,
    /// The position of the pin; 0 takes it away.
    pinned: Option<i64>,
    muted: Option<bool>,
    muted_until: Option<DateTime<Utc>>,
    archived: Option<bool>,
    archived_at: Option<DateTime<Utc>>,
    starred: Option<bool>,
    subscribed: Option<bool>,
}

/// A conversation that the batch made.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    conversation: Uuid,
    account_id: i64,
    id: i64,
    kind: &'static str,
    name: Option<String>,
    creator: Option<Uuid>,
    at: DateTime<Utc>,
}

/// A message, as far as it has to be known which one is the newest.
#[derive(Debug, Serialize)]
struct Said {
    uuid: Uuid,
    conversation: Uuid,
    id: i64,
    author: Uuid,
    at: DateTime<Utc>,
}

/// A batch, folded.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) made: Vec<Made>,
    pub(crate) membership: Membership,
    said: BTreeMap<Uuid, Said>,
    /// Messages that are gone, each with its conversation.
    unsaid: BTreeMap<Uuid, Uuid>,
    talk: BTreeMap<Uuid, Talk>,
    own: BTreeMap<(Uuid, Uuid), Own>,
    deleted: BTreeSet<Uuid>,
}

impl Batch {
    pub(crate) fn fold(events: &[Recorded]) -> Self {
        let mut batch = Self::default();
        for recorded in events {
            match &recorded.event {
                Event::Conversation(event) => batch.conversation(recorded, event),
                Event::Participation(event) => batch.participation(recorded, event),
                Event::User(_) | Event::Audit(_) => {}
            }
        }
        batch
    }

    pub(crate) fn talk(&self) -> Vec<&Talk> {
        self.talk.values().collect()
    }

    pub(crate) fn own(&self) -> Vec<&Own> {
        self.own.values().collect()
    }

    /// Messages that are gone.
    pub(crate) fn gone(&self) -> Vec<Uuid> {
        self.unsaid.keys().copied().collect()
    }

    /// Those of the members' own states that say what was read since when.
    pub(crate) fn marking(&self) -> Vec<&Own> {
        self.own.values().filter(|own| own.marks.change()).collect()
    }

    /// The new seats, for `(conversation, user_id, membership)`.
    pub(crate) fn seats(&self) -> Vec<impl Serialize + use<>> {
        self.membership.seats()
    }

    pub(crate) async fn end_seats(
        &self,
        connection: &mut PgConnection,
        table: &str,
    ) -> Result<(), Error> {
        self.membership.end(connection, table).await
    }

    /// Takes what was deleted out of the read model's `seats`, `messages` and `conversations`.
    pub(crate) async fn delete(
        &self,
        connection: &mut PgConnection,
        schema: &str,
    ) -> Result<(), Error> {
        if self.deleted.is_empty() {
            return Ok(());
        }
        let deleted: Vec<Uuid> = self.deleted.iter().copied().collect();
        for (table, column) in
            [("seats", "conversation"), ("messages", "conversation"), ("conversations", "uuid")]
        {
            sqlx::query(&format!("delete from {schema}.{table} where {column} = any($1)"))
                .bind(&deleted)
                .execute(&mut *connection)
                .await
                .map_err(Error::database("delete conversations"))?;
        }
        Ok(())
    }

    /// Writes which messages there are, as far as the read model has `columns` for, and where one is gone finds the newest ones anew.
    pub(crate) async fn write_messages(
        &self,
        connection: &mut PgConnection,
        schema: &str,
        columns: &str,
    ) -> Result<(), Error> {
        let said: Vec<&Said> = self.said.values().collect();
        let note = format!(
            "insert into {schema}.messages ({columns})
             select {columns}
             from jsonb_to_recordset($1) as r
                 (uuid uuid, conversation uuid, id bigint, author uuid, at timestamptz)
             on conflict on constraint messages_one_per_id do nothing"
        );
        write(connection, &note, &said, "note messages").await?;
        if self.unsaid.is_empty() {
            return Ok(());
        }
        sqlx::query(&format!("delete from {schema}.messages where uuid = any($1)"))
            .bind(self.gone())
            .execute(&mut *connection)
            .await
            .map_err(Error::database("forget messages"))?;
        let conversations: BTreeSet<Uuid> = self.unsaid.values().copied().collect();
        sqlx::query(&format!(
            "update {schema}.conversations c
             set newest_id = n.id,
                 newest_author = n.author,
                 newest_by_other = (select max(o.id) from {schema}.messages o
                                    where o.conversation = c.uuid and o.author <> n.author)
             from unnest($1::uuid[]) as r (uuid)
             left join lateral (select m.id, m.author from {schema}.messages m
                                where m.conversation = r.uuid
                                order by m.id desc
                                limit 1) n on true
             where c.uuid = r.uuid"
        ))
        .bind(conversations.into_iter().collect::<Vec<_>>())
        .execute(connection)
        .await
        .map_err(Error::database("find the newest messages"))?;
        Ok(())
    }

    fn conversation(&mut self, recorded: &Recorded, event: &conversation::Event) {
        let stream = recorded.stream;
        self.membership.fold(stream, recorded, event);
        if let conversation::Event::ConversationRenamed { .. }
        | conversation::Event::MemberAdded { .. }
        | conversation::Event::MemberRemoved { .. }
        | conversation::Event::MessagePosted { .. }
        | conversation::Event::MessageEdited { .. }
        | conversation::Event::MessageDeleted { .. } = event
        {
            self.talk_of(stream).changed_at = Some(recorded.at);
        }
        match event {
            conversation::Event::ConversationCreated { kind, name, creator, .. } => {
                self.made.push(Made {
                    conversation: stream,
                    account_id: recorded.account,
                    id: recorded.position,
                    kind: kind.as_str(),
                    name: known(name),
                    creator: *creator,
                    at: recorded.at,
                })
            }
            conversation::Event::MessagePosted { message, author, .. } => {
                let said = Said {
                    uuid: *message,
                    conversation: stream,
                    id: recorded.position,
                    author: *author,
                    at: recorded.at,
                };
                self.said.insert(*message, said);
                let talk = self.talk_of(stream);
                if talk.newest_author.is_some_and(|newest| newest != *author) {
                    talk.newest_by_other = talk.newest_id;
                }
                talk.newest_id = Some(recorded.position);
                talk.newest_author = Some(*author);
            }
            conversation::Event::MessageDeleted { message } => {
                self.said.remove(message);
                self.unsaid.insert(*message, stream);
                // Somebody's newest message may be another one now.
                self.talk_of(stream);
            }
            conversation::Event::ConversationDeleted => {
                self.made.retain(|made| made.conversation != stream);
                self.said.retain(|_, said| said.conversation != stream);
                self.unsaid.retain(|_, conversation| *conversation != stream);
                self.talk.remove(&stream);
                self.deleted.insert(stream);
            }
            conversation::Event::ConversationRenamed { name } => {
                let talk = self.talk_of(stream);
                (talk.renamed, talk.name) = (true, known(name));
            }
            conversation::Event::MessagePinned { message } => {
                let talk = self.talk_of(stream);
                (talk.pin_changed, talk.pinned_message) = (true, Some(*message));
            }
            conversation::Event::MessageUnpinned => {
                let talk = self.talk_of(stream);
                (talk.pin_changed, talk.pinned_message) = (true, None);
            }
            conversation::Event::ConversationTrashed => self.talk_of(stream).trashed = Some(true),
            conversation::Event::ConversationRestored => self.talk_of(stream).trashed = Some(false),
            _ => {}
        }
    }

    fn participation(&mut self, recorded: &Recorded, event: &domain::participation::Event) {
        let seat = event.seat;
        let fresh = || Own {
            conversation: seat.conversation,
            user_id: seat.user,
            membership: seat.membership,
            marker_changed: false,
            marker: None,
            marked_at: None,
            marked_unread: None,
            opened_at: None,
            bookmark_removed: false,
            bookmark: None,
            marks: Marks::default(),
            pinned: None,
            muted: None,
            muted_until: None,
            archived: None,
            archived_at: None,
            starred: None,
            subscribed: None,
        };
        let own = self.own.entry((seat.conversation, seat.user)).or_insert_with(fresh);
        if own.membership < seat.membership {
            *own = fresh();
        }
        match event.change {
            Change::MarkedRead { message, as_of } => {
                own.opened_at = Some(as_of.unwrap_or(recorded.at));
                own.bookmark.get_or_insert(recorded.position);
                if message == Some(0) {
                    // Nothing is read, and nothing says so to others.
                    (own.marker_changed, own.marker, own.marked_at) = (true, None, None);
                    own.marks.clear();
                } else if message.is_some() {
                    own.marker_changed = true;
                    (own.marker, own.marked_at) = (message, Some(recorded.at));
                    own.marks.read_up_to(message.unwrap_or(0), recorded);
                }
                own.marked_unread = Some(false);
            }
            Change::MarkedUnread => {
                own.marker_changed = true;
                own.marker = None;
                own.marked_at = None;
                own.marked_unread = Some(true);
                (own.bookmark_removed, own.bookmark) = (true, None);
                own.marks.clear();
            }
            Change::ConversationPinned => own.pinned = Some(recorded.position),
            Change::ConversationUnpinned => own.pinned = Some(0),
            Change::ConversationMuted { until } => {
                own.muted = Some(true);
                own.muted_until = until;
            }
            Change::ConversationUnmuted => {
                own.muted = Some(false);
                own.muted_until = None;
            }
            Change::ConversationArchived { at } => {
                own.archived = Some(true);
                own.archived_at = Some(at);
            }
            Change::ConversationUnarchived => {
                own.archived = Some(false);
                own.archived_at = None;
            }
            Change::ConversationStarred => own.starred = Some(true),
            Change::ConversationUnstarred => own.starred = Some(false),
            Change::Subscribed => own.subscribed = Some(true),
            Change::Unsubscribed => own.subscribed = Some(false),
        }
    }
    fn talk_of(&mut self, conversation: Uuid) -> &mut Talk {
        self.talk.entry(conversation).or_insert_with(|| Talk { conversation, ..Talk::default() })
    }
}

/// What a private value says, if it can still be read.
fn known(text: &Option<domain::Text>) -> Option<String> {
    text.as_ref().and_then(|text| text.known().cloned())
}
