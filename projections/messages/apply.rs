use chrono::{DateTime, Utc};
use domain::conversation::Event::{ConversationCreated, MessagePosted};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{Error, Event, Projection, Recorded};

/// Builds the messages.
#[derive(Debug)]
pub struct Messages;

#[derive(Serialize)]
struct Made {
    uuid: Uuid,
    id: i64,
}

#[derive(Serialize)]
struct Posted<'a> {
    id: i64,
    uuid: Uuid,
    account_id: i64,
    conversation: Uuid,
    author: Uuid,
    text: &'a str,
    metadata: &'a Option<Map<String, Value>>,
    tags: &'a [String],
    created_at: DateTime<Utc>,
}

impl Projection for Messages {
    const NAME: &'static str = super::NAME;
    const VERSION: i32 = 1;
    const SCHEMA: &'static str = include_str!("schema.sql");

    fn apply<'a>(
        connection: &'a mut PgConnection,
        events: &'a [Recorded],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(apply(connection, events))
    }
}

async fn apply(connection: &mut PgConnection, events: &[Recorded]) -> Result<(), Error> {
    let mut made = Vec::new();
    let mut posted = Vec::new();
    for recorded in events {
        match &recorded.event {
            Event::Conversation(ConversationCreated { .. }) => {
                made.push(Made { uuid: recorded.stream, id: recorded.position });
            }
            Event::Conversation(MessagePosted { message, author, text, metadata, tags }) => {
                posted.push(Posted {
                    id: recorded.position,
                    uuid: *message,
                    account_id: recorded.account,
                    conversation: recorded.stream,
                    author: *author,
                    text: text.as_str(),
                    metadata,
                    tags,
                    created_at: recorded.at,
                });
            }
            _ => {}
        }
    }
    if !made.is_empty() {
        sqlx::query(
            "insert into messages.conversations (uuid, id)
             select uuid, id from jsonb_to_recordset($1) as r (uuid uuid, id bigint)
             on conflict on constraint conversations_one_per_uuid do nothing",
        )
        .bind(Json(made))
        .execute(&mut *connection)
        .await
        .map_err(Error::database("number conversations"))?;
    }
    if !posted.is_empty() {
        sqlx::query(INSERT)
            .bind(Json(posted))
            .execute(&mut *connection)
            .await
            .map_err(Error::database("write messages"))?;
    }
    Ok(())
}

const INSERT: &str = "
    insert into messages.messages
        (id, uuid, account_id, conversation, app_id, author, text, metadata, tags, created_at)
    select r.id, r.uuid, r.account_id, r.conversation, c.id, r.author, r.text, r.metadata, r.tags,
           r.created_at
    from jsonb_to_recordset($1) as r
        (id bigint, uuid uuid, account_id bigint, conversation uuid, author uuid, text text,
         metadata jsonb, tags text[], created_at timestamptz)
    join messages.conversations c on c.uuid = r.conversation
    on conflict on constraint messages_one_per_id do nothing";
