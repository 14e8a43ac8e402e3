use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::conversation::Event::{self, *};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::rows::write;
use crate::seats::Membership;
use crate::{Error, Projection, Recorded};

/// Builds the conversations.
#[derive(Debug)]
pub struct ConversationList;

/// A row, as it is read, folded and written back.
#[derive(Debug, Clone, Serialize, Deserialize, sqlx::FromRow)]
struct Row {
    uuid: Uuid,
    account_id: i64,
    id: i64,
    kind: String,
    uid: Option<String>,
    name: Option<String>,
    description: Option<String>,
    #[sqlx(json(nullable))]
    metadata: Option<Map<String, Value>>,
    tags: Vec<String>,
    created_at: DateTime<Utc>,
    created_by: Option<Uuid>,
    modified_at: DateTime<Utc>,
    modified_by: Option<Uuid>,
    trashed: bool,
    avatar_url: Option<String>,
}

impl Projection for ConversationList {
    const NAME: &'static str = super::NAME;
    const VERSION: i32 = 3;
    const SCHEMA: &'static str = include_str!("schema.sql");

    fn concerns(event: &crate::Event) -> bool {
        let of_message = |event: &_| {
            matches!(
                event,
                MessagePosted { .. }
                    | MessageEdited { .. }
                    | MessageDeleted { .. }
                    | MessagePinned { .. }
                    | MessageUnpinned
            )
        };
        matches!(event, crate::Event::Conversation(event) if !of_message(event))
    }

    fn apply<'a>(
        connection: &'a mut PgConnection,
        events: &'a [Recorded],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(apply(connection, events))
    }
}

async fn apply(connection: &mut PgConnection, events: &[Recorded]) -> Result<(), Error> {
    let changes: Vec<(&Recorded, &Event)> = events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            crate::Event::Conversation(event) if ConversationList::concerns(&recorded.event) => {
                Some((recorded, event))
            }
            _ => None,
        })
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let touched: Vec<Uuid> = changes.iter().map(|(recorded, _)| recorded.stream).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select uuid, account_id, id, kind, uid, name, description, metadata, tags, created_at,
                created_by, modified_at, modified_by, trashed, avatar_url
         from conversation_list.conversations
         where uuid = any($1)",
    )
    .bind(&touched)
    .fetch_all(&mut *connection)
    .await
    .map_err(Error::database("read conversations"))?;
    let mut rows: BTreeMap<Uuid, Row> = rows.into_iter().map(|row| (row.uuid, row)).collect();

    let mut members = Membership::default();
    let mut deleted = Vec::new();
    for (recorded, event) in changes {
        members.fold(recorded.stream, recorded, event);
        fold(&mut rows, recorded, event);
        if matches!(event, ConversationDeleted) {
            deleted.push(recorded.stream);
        }
    }
    for statement in [DELETE_MEMBERS, DELETE] {
        write(connection, statement, &deleted, "delete conversations").await?;
    }
    members.write(connection, "conversation_list.members").await?;
    let rows: Vec<Row> = rows.into_values().collect();
    write(connection, UPSERT, &rows, "write conversations").await
}

const DELETE_MEMBERS: &str = "
    delete from conversation_list.members
    where conversation in (select value::uuid from jsonb_array_elements_text($1))";

const DELETE: &str = "
    delete from conversation_list.conversations
    where uuid in (select value::uuid from jsonb_array_elements_text($1))";

fn fold(rows: &mut BTreeMap<Uuid, Row>, recorded: &Recorded, event: &Event) {
    if let ConversationCreated { kind, creator, uid, name, description, metadata, tags, .. } = event
    {
        let row = Row {
            uuid: recorded.stream,
            account_id: recorded.account,
            id: recorded.position,
            kind: kind.as_str().to_owned(),
            uid: uid.clone(),
            name: name.as_ref().and_then(|name| name.known().cloned()),
            description: description.as_ref().and_then(|text| text.known().cloned()),
            metadata: metadata.as_ref().and_then(|metadata| metadata.known().cloned()),
            tags: tags.as_slice().to_vec(),
            created_at: recorded.at,
            created_by: *creator,
            modified_at: recorded.at,
            modified_by: *creator,
            trashed: false,
            avatar_url: None,
        };
        rows.insert(recorded.stream, row);
        return;
    }
    if matches!(event, ConversationDeleted) {
        rows.remove(&recorded.stream);
    }
    let Some(row) = rows.get_mut(&recorded.stream) else {
        return;
    };
    match event {
        ConversationRenamed { name } => {
            row.name = name.as_ref().and_then(|name| name.known().cloned());
        }
        ConversationDescribed { description } => {
            row.description = description.as_ref().and_then(|text| text.known().cloned());
        }
        ConversationTagged { tags } => row.tags = tags.as_slice().to_vec(),
        MemberAdded { .. } | MemberRemoved { .. } => {}
        AvatarChanged { avatar_url } => {
            row.avatar_url = avatar_url.as_ref().and_then(|url| url.known().cloned());
        }
        ConversationTrashed => return row.trashed = true,
        ConversationRestored => return row.trashed = false,
        ConversationCreated { .. }
        | ConversationDeleted
        | MessagePosted { .. }
        | MessageEdited { .. }
        | MessageDeleted { .. }
        | MessagePinned { .. }
        | MessageUnpinned => return,
    }
    row.modified_at = recorded.at;
    row.modified_by = recorded.actor.as_deref().map(|uid| domain::user_id(recorded.account, uid));
}

const UPSERT: &str = "
    insert into conversation_list.conversations as c
        (uuid, account_id, id, kind, uid, name, description, metadata, tags, created_at, created_by,
         modified_at, modified_by, trashed, avatar_url, member_count)
    select uuid, account_id, id, kind, uid, name, description, metadata, tags, created_at, created_by,
           modified_at, modified_by, trashed, avatar_url,
           (select count(*) from conversation_list.members m where m.conversation = r.uuid)
    from jsonb_to_recordset($1) as r
        (uuid uuid, account_id bigint, id bigint, kind text, uid text, name text, description text,
         metadata jsonb, tags text[], created_at timestamptz, created_by uuid, modified_at timestamptz,
         modified_by uuid, trashed boolean, avatar_url text)
    on conflict on constraint conversations_one_per_uuid do update
    set name = excluded.name,
        description = excluded.description,
        metadata = excluded.metadata,
        tags = excluded.tags,
        modified_at = excluded.modified_at,
        modified_by = excluded.modified_by,
        trashed = excluded.trashed,
        avatar_url = excluded.avatar_url,
        member_count = excluded.member_count";
