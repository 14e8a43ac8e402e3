use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::conversation;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::rows::write;
use crate::{Error, Recorded};

/// Who is a member at the end of a batch, of those who came or went in it.
#[derive(Debug, Default)]
pub(crate) struct Membership(BTreeMap<(Uuid, Uuid), Option<Joined>>);

/// When somebody came in: the event's position, and its time.
#[derive(Debug, Clone, Copy)]
struct Joined {
    position: i64,
    at: DateTime<Utc>,
}

#[derive(Serialize)]
pub(super) struct Seat {
    conversation: Uuid,
    user_id: Uuid,
    membership: Option<i64>,
    joined_at: Option<DateTime<Utc>>,
    /// The member's own stream.
    participation: Uuid,
}

impl Membership {
    pub(crate) fn fold(&mut self, stream: Uuid, recorded: &Recorded, event: &conversation::Event) {
        let now = Some(Joined { position: recorded.position, at: recorded.at });
        match event {
            conversation::Event::ConversationCreated { members, .. } => {
                for user in members {
                    self.0.insert((stream, *user), now);
                }
            }
            conversation::Event::MemberAdded { user } => {
                self.0.insert((stream, *user), now);
            }
            conversation::Event::MemberRemoved { user } => {
                self.0.insert((stream, *user), None);
            }
            // Everyone's seat goes at once, with the conversation.
            conversation::Event::ConversationDeleted => {
                self.0.retain(|(conversation, _), _| *conversation != stream);
            }
            _ => {}
        }
    }

    pub(super) fn seats(&self) -> Vec<Seat> {
        self.0
            .iter()
            .map(|((conversation, user_id), seat)| Seat {
                conversation: *conversation,
                user_id: *user_id,
                membership: seat.map(|joined| joined.position),
                joined_at: seat.map(|joined| joined.at),
                participation: domain::participation_id(*conversation, *user_id),
            })
            .collect()
    }

    /// Takes the seats that ended out of `table`, and puts the new ones in, with the event that let them in, its
    /// time, and the member's own stream.
    pub(crate) async fn write(
        &self,
        connection: &mut PgConnection,
        table: &'static str,
    ) -> Result<(), Error> {
        self.end(connection, table).await?;
        let seat = format!(
            "insert into {table} (conversation, user_id, membership, joined_at, participation)
             select conversation, user_id, membership, joined_at, participation
             from jsonb_to_recordset($1) as r
                 (conversation uuid, user_id uuid, membership bigint, joined_at timestamptz,
                  participation uuid)
             where membership is not null
             on conflict (conversation, user_id) do nothing"
        );
        write(connection, &seat, &self.seats(), "seat members").await
    }

    /// Takes the seats that ended out of `table`.
    pub(super) async fn end(
        &self,
        connection: &mut PgConnection,
        table: &str,
    ) -> Result<(), Error> {
        let unseat = format!(
            "delete from {table} s
             using jsonb_to_recordset($1) as r (conversation uuid, user_id uuid, membership bigint)
             where s.conversation = r.conversation
               and s.user_id = r.user_id
               and s.membership is distinct from r.membership"
        );
        write(connection, &unseat, &self.seats(), "unseat members").await
    }
}
