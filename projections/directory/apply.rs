use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::Private;
use domain::user::{self, Profile};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::rows::write;
use crate::{Error, Event, Projection, Recorded};

/// Builds the directory.
#[derive(Debug)]
pub struct Directory;

#[derive(Serialize)]
struct Registered {
    uuid: Uuid,
    account_id: i64,
    id: i64,
    uid: String,
    at: DateTime<Utc>,
}

struct Described {
    uuid: Uuid,
    at: DateTime<Utc>,
    profile: Profile,
}

/// The last word on a user, for the database.
#[derive(Serialize)]
struct Row<'a> {
    uuid: Uuid,
    at: DateTime<Utc>,
    name: Option<&'a String>,
    username: Option<&'a String>,
    email: Option<&'a String>,
    avatar_url: Option<&'a String>,
    role: Option<&'a String>,
    metadata: Option<&'a Map<String, Value>>,
    tags: Option<&'a Vec<String>>,
}

impl<'a> Row<'a> {
    fn new(described: &'a Described) -> Self {
        fn known<T>(value: &Option<Private<T>>) -> Option<&T> {
            value.as_ref().and_then(Private::known)
        }
        let profile = &described.profile;
        Self {
            uuid: described.uuid,
            at: described.at,
            name: known(&profile.name),
            username: known(&profile.username),
            email: known(&profile.email),
            avatar_url: known(&profile.avatar_url),
            role: profile.role.as_ref(),
            metadata: known(&profile.metadata),
            tags: known(&profile.tags),
        }
    }
}

impl Projection for Directory {
    const NAME: &'static str = super::NAME;
    const VERSION: i32 = 3;
    const SCHEMA: &'static str = include_str!("schema.sql");

    fn concerns(event: &Event) -> bool {
        matches!(event, Event::User(_))
    }

    fn apply<'a>(
        connection: &'a mut PgConnection,
        events: &'a [Recorded],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(apply(connection, events))
    }
}

async fn apply(connection: &mut PgConnection, events: &[Recorded]) -> Result<(), Error> {
    let mut registered = Vec::new();
    let mut described: BTreeMap<Uuid, Described> = BTreeMap::new();
    for recorded in events {
        let Event::User(event) = &recorded.event else {
            continue;
        };
        let (uuid, at) = (recorded.stream, recorded.at);
        let newer = match event {
            user::Event::UserRegistered { uid, profile } => {
                registered.push(Registered {
                    uuid,
                    account_id: recorded.account,
                    id: recorded.position,
                    uid: uid.clone(),
                    at,
                });
                profile
            }
            user::Event::UserUpdated { profile } => profile,
        };
        let row = described.entry(uuid).or_insert_with(|| Described {
            uuid,
            at,
            profile: Profile::default(),
        });
        row.at = at;
        row.profile.merge(newer);
    }
    let described: Vec<Row> = described.values().map(Row::new).collect();
    write(connection, INSERT, &registered, "register users").await?;
    write(connection, UPDATE, &described, "describe users").await
}

const INSERT: &str = "
    insert into directory.users (uuid, account_id, id, uid, tags, created_at, modified_at)
    select uuid, account_id, id, uid, '{}', at, at
    from jsonb_to_recordset($1) as r (uuid uuid, account_id bigint, id bigint, uid text, at timestamptz)
    on conflict on constraint users_one_per_uuid do nothing";

const UPDATE: &str = "
    update directory.users u
    set name = coalesce(r.name, u.name),
        username = coalesce(r.username, u.username),
        email = coalesce(r.email, u.email),
        avatar_url = coalesce(r.avatar_url, u.avatar_url),
        role = coalesce(r.role, u.role),
        metadata = coalesce(r.metadata, u.metadata),
        tags = coalesce(r.tags, u.tags),
        modified_at = r.at
    from jsonb_to_recordset($1) as r (uuid uuid, at timestamptz, name text, username text, email text,
                                      avatar_url text, role text, metadata jsonb, tags text[])
    where u.uuid = r.uuid";
