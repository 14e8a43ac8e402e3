use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::Private;
use domain::conversation::Event::{
    ConversationCreated, ConversationDeleted, MessageDeleted, MessageEdited, MessagePosted,
};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::rows::write;
use crate::{Error, Event, Projection, Recorded};

/// Builds the messages.
#[derive(Debug)]
pub struct Messages;

#[derive(Debug, Serialize)]
struct Made {
    uuid: Uuid,
    id: i64,
}

#[derive(Debug, Serialize)]
struct Posted<'a> {
    id: i64,
    uuid: Uuid,
    account_id: i64,
    conversation: Uuid,
    author: Uuid,
    created_at: DateTime<Utc>,
    modified_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Debug, Serialize)]
struct Edited<'a> {
    uuid: Uuid,
    modified_at: DateTime<Utc>,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Debug, Serialize)]
struct Content<'a> {
    text: &'a str,
    metadata: Option<&'a Map<String, Value>>,
    tags: &'a [String],
}

impl<'a> Content<'a> {
    fn new(
        text: &'a domain::Text,
        metadata: &'a Option<Private<Map<String, Value>>>,
        tags: &'a Private<Vec<String>>,
    ) -> Self {
        Self {
            text: text.as_str(),
            metadata: metadata.as_ref().and_then(Private::known),
            tags: tags.as_slice(),
        }
    }
}

impl Projection for Messages {
    const NAME: &'static str = super::NAME;
    const VERSION: i32 = 2;
    const SCHEMA: &'static str = include_str!("schema.sql");

    fn concerns(event: &Event) -> bool {
        matches!(event, Event::Conversation(_))
    }

    fn apply<'a>(
        connection: &'a mut PgConnection,
        events: &'a [Recorded],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(apply(connection, events))
    }
}

/// The last word on each conversation and message.
#[derive(Debug, Default)]
struct Batch<'a> {
    made: Vec<Made>,
    posted: BTreeMap<Uuid, Posted<'a>>,
    edited: BTreeMap<Uuid, Edited<'a>>,
    deleted: BTreeSet<Uuid>,
    deleted_conversations: BTreeSet<Uuid>,
}

impl<'a> Batch<'a> {
    fn fold(events: &'a [Recorded]) -> Self {
        let mut batch = Self::default();
        for recorded in events {
            let Event::Conversation(event) = &recorded.event else { continue };
            match event {
                ConversationCreated { .. } => {
                    batch.made.push(Made { uuid: recorded.stream, id: recorded.position });
                }
                MessagePosted { message, author, text, metadata, tags } => {
                    let posted = Posted {
                        id: recorded.position,
                        uuid: *message,
                        account_id: recorded.account,
                        conversation: recorded.stream,
                        author: *author,
                        created_at: recorded.at,
                        modified_at: None,
                        content: Content::new(text, metadata, tags),
                    };
                    batch.posted.insert(*message, posted);
                }
                MessageEdited { message, text, metadata, tags, .. } => {
                    let (modified_at, content) = (recorded.at, Content::new(text, metadata, tags));
                    match batch.posted.get_mut(message) {
                        Some(posted) => {
                            posted.modified_at = Some(modified_at);
                            posted.content = content;
                        }
                        None => {
                            let edited = Edited { uuid: *message, modified_at, content };
                            batch.edited.insert(*message, edited);
                        }
                    }
                }
                MessageDeleted { message } => {
                    batch.posted.remove(message);
                    batch.edited.remove(message);
                    batch.deleted.insert(*message);
                }
                ConversationDeleted => {
                    let stream = recorded.stream;
                    batch.made.retain(|made| made.uuid != stream);
                    batch.posted.retain(|_, posted| posted.conversation != stream);
                    batch.deleted_conversations.insert(stream);
                }
                _ => {}
            }
        }
        batch
    }
}

async fn apply(connection: &mut PgConnection, events: &[Recorded]) -> Result<(), Error> {
    let batch = Batch::fold(events);
    let posted: Vec<_> = batch.posted.values().collect();
    let edited: Vec<_> = batch.edited.values().collect();
    let deleted: Vec<_> = batch.deleted.iter().collect();
    let gone: Vec<_> = batch.deleted_conversations.iter().collect();
    write(connection, MAKE, &batch.made, "number conversations").await?;
    write(connection, INSERT, &posted, "write messages").await?;
    write(connection, EDIT, &edited, "edit messages").await?;
    write(connection, DELETE, &deleted, "delete messages").await?;
    write(connection, DELETE_CONVERSATIONS, &gone, "delete conversations").await
}

const MAKE: &str = "
    insert into messages.conversations (uuid, id)
    select uuid, id from jsonb_to_recordset($1) as r (uuid uuid, id bigint)
    on conflict on constraint conversations_one_per_uuid do nothing";

const INSERT: &str = "
    insert into messages.messages
        (id, uuid, account_id, conversation, app_id, author, text, metadata, tags, created_at, modified_at)
    select r.id, r.uuid, r.account_id, r.conversation, c.id, r.author, r.text, r.metadata, r.tags,
           r.created_at, r.modified_at
    from jsonb_to_recordset($1) as r
        (id bigint, uuid uuid, account_id bigint, conversation uuid, author uuid, text text,
         metadata jsonb, tags text[], created_at timestamptz, modified_at timestamptz)
    join messages.conversations c on c.uuid = r.conversation
    on conflict on constraint messages_one_per_id do nothing";

const EDIT: &str = "
    update messages.messages m
    set text = r.text,
        metadata = r.metadata,
        tags = r.tags,
        modified_at = r.modified_at
    from jsonb_to_recordset($1) as r
        (uuid uuid, text text, metadata jsonb, tags text[], modified_at timestamptz)
    where m.uuid = r.uuid";

const DELETE: &str = "
    delete from messages.messages
    where uuid in (select value::uuid from jsonb_array_elements_text($1))";

/// By number, which the index of a conversation's messages knows.
const DELETE_CONVERSATIONS: &str = "
    with gone as (
        delete from messages.conversations
        where uuid in (select value::uuid from jsonb_array_elements_text($1))
        returning id
    )
    delete from messages.messages m using gone where m.app_id = gone.id";
