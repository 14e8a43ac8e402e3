use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::conversation::Event::{ConversationDeleted, MemberRemoved};
use domain::participation::Change;
use futures::future::BoxFuture;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Act;
use crate::rows::write;
use crate::{Error, Event, Projection, Recorded};

/// Builds the timers.
#[derive(Debug)]
pub struct Timers;

impl Projection for Timers {
    const NAME: &'static str = super::NAME;
    const VERSION: i32 = 1;
    const SCHEMA: &'static str = include_str!("schema.sql");

    fn concerns(event: &Event) -> bool {
        let ends = |event: &_| matches!(event, MemberRemoved { .. } | ConversationDeleted);
        matches!(event, Event::Participation(_))
            || matches!(event, Event::Conversation(event) if ends(event))
    }

    fn apply<'a>(
        connection: &'a mut PgConnection,
        events: &'a [Recorded],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(apply(connection, events))
    }
}

#[derive(Debug, Serialize)]
struct Timer {
    stream: Uuid,
    kind: &'static str,
    account_id: i64,
    conversation: Uuid,
    membership: i64,
    due_at: DateTime<Utc>,
    cause: Uuid,
    act: Act,
}

/// The last word on each timer: where there is none, it is taken away.
#[derive(Debug, Default)]
struct Batch {
    timers: BTreeMap<(Uuid, &'static str), Option<Timer>>,
    /// The newest membership that each stream is known to be of: the timers of older ones are over.
    memberships: BTreeMap<Uuid, i64>,
    deleted: BTreeSet<Uuid>,
}

const MUTE: &str = "mute";

impl Batch {
    fn fold(events: &[Recorded]) -> Self {
        let mut batch = Self::default();
        for recorded in events {
            match &recorded.event {
                Event::Participation(event) => {
                    let membership = event.seat.membership;
                    let newest = batch.memberships.entry(recorded.stream).or_insert(membership);
                    *newest = membership.max(*newest);
                    match event.change {
                        Change::ConversationMuted { until: Some(until) } => {
                            let timer = Timer {
                                stream: recorded.stream,
                                kind: MUTE,
                                account_id: recorded.account,
                                conversation: event.seat.conversation,
                                membership: event.seat.membership,
                                due_at: until,
                                cause: recorded.id,
                                act: Act::EndMute { seat: event.seat, until },
                            };
                            batch.timers.insert((recorded.stream, MUTE), Some(timer));
                        }
                        Change::ConversationMuted { until: None } | Change::ConversationUnmuted => {
                            batch.timers.insert((recorded.stream, MUTE), None);
                        }
                        _ => {}
                    }
                }
                Event::Conversation(MemberRemoved { user }) => {
                    let stream = domain::participation_id(recorded.stream, *user);
                    batch.timers.insert((stream, MUTE), None);
                }
                Event::Conversation(ConversationDeleted) => {
                    batch.timers.retain(|_, timer| {
                        timer.as_ref().is_none_or(|timer| timer.conversation != recorded.stream)
                    });
                    batch.deleted.insert(recorded.stream);
                }
                _ => {}
            }
        }
        batch
    }
}

async fn apply(connection: &mut PgConnection, events: &[Recorded]) -> Result<(), Error> {
    let batch = Batch::fold(events);
    let names: Vec<_> =
        batch.timers.keys().map(|(stream, kind)| Name { stream: *stream, kind }).collect();
    let timers: Vec<_> = batch.timers.values().flatten().collect();
    let memberships: Vec<_> = batch.memberships.iter().collect();
    let deleted: Vec<_> = batch.deleted.iter().collect();
    write(connection, REMOVE, &names, "take timers away").await?;
    write(connection, SET, &timers, "set timers").await?;
    write(connection, EXPIRE, &memberships, "take timers of ended memberships away").await?;
    write(connection, DELETE, &deleted, "take timers of deleted conversations away").await
}

#[derive(Serialize)]
struct Name<'a> {
    stream: Uuid,
    kind: &'a str,
}

const REMOVE: &str = "
    delete from timers.timers t
    using jsonb_to_recordset($1) as r (stream uuid, kind text)
    where t.stream = r.stream
      and t.kind = r.kind";

const EXPIRE: &str = "
    delete from timers.timers t
    using jsonb_array_elements($1) as r (pair)
    where t.stream = (r.pair->>0)::uuid
      and t.membership < (r.pair->>1)::bigint";

const DELETE: &str = "
    delete from timers.timers
    where conversation in (select value::uuid from jsonb_array_elements_text($1))";

const SET: &str = "
    insert into timers.timers (stream, kind, account_id, conversation, membership, due_at, cause, act)
    select stream, kind, account_id, conversation, membership, due_at, cause, act
    from jsonb_to_recordset($1) as r
        (stream uuid, kind text, account_id bigint, conversation uuid, membership bigint, due_at timestamptz,
         cause uuid, act jsonb)";
