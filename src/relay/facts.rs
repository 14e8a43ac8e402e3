//! What an event does not say itself, and a reader of the stream would have to fold others for: the number of its
//! conversation, and the uids of the users whom it names. Neither ever changes.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use event_store::LogEvent;
use sqlx::PgPool;
use uuid::Uuid;

use crate::Error;

/// How many of each are remembered.
const REMEMBERED_MAX: usize = 50_000;

#[derive(Debug, Default)]
pub(crate) struct Facts {
    numbers: HashMap<Uuid, i64>,
    uids: HashMap<Uuid, String>,
}

impl Facts {
    /// The public number of a conversation.
    pub(crate) fn number(&self, conversation: Uuid) -> Option<i64> {
        self.numbers.get(&conversation).copied()
    }

    /// What the host system calls a user.
    pub(crate) fn uid(&self, user: Uuid) -> Option<&str> {
        self.uids.get(&user).map(String::as_str)
    }

    /// Finds out what the events of a batch need: most of it was in events before them.
    pub(crate) async fn learn(
        &mut self,
        pool: &PgPool,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        forget_many(&mut self.numbers);
        forget_many(&mut self.uids);
        let (mut conversations, mut users) = (BTreeSet::new(), BTreeSet::new());
        for LogEvent { recorded, event, .. } in batch.iter().map(Arc::as_ref) {
            if let Some(conversation) = recorded.conversation_id {
                if recorded.sequence == 1 && recorded.aggregate_id == conversation {
                    self.numbers.insert(conversation, recorded.account_position);
                }
                conversations.insert(conversation);
            }
            let Ok(event) = event else { continue };
            if let Some(uid) = event.registered_uid() {
                self.uids.insert(recorded.aggregate_id, uid.to_owned());
            }
            users.extend(event.users());
        }
        let unknown = unknown(conversations, &self.numbers);
        if !unknown.is_empty() {
            let rows: Vec<(Uuid, i64)> = sqlx::query_as(
                "select aggregate_id::uuid, account_position
                 from events
                 where aggregate_type = 'conversation'
                   and aggregate_id = any($1)
                   and sequence = 1",
            )
            .bind(unknown)
            .fetch_all(pool)
            .await?;
            self.numbers.extend(rows);
        }
        let unknown = self::unknown(users, &self.uids);
        if !unknown.is_empty() {
            let rows: Vec<(Uuid, String)> = sqlx::query_as(
                "select aggregate_id::uuid, payload ->> 'uid'
                 from events
                 where aggregate_type = 'user'
                   and aggregate_id = any($1)
                   and sequence = 1
                   and payload ->> 'uid' is not null",
            )
            .bind(unknown)
            .fetch_all(pool)
            .await?;
            self.uids.extend(rows);
        }
        Ok(())
    }
}

fn unknown<V>(wanted: BTreeSet<Uuid>, known: &HashMap<Uuid, V>) -> Vec<String> {
    let unknown = wanted.into_iter().filter(|id| !known.contains_key(id));
    unknown.map(|id| id.to_string()).collect()
}

fn forget_many<K: Hash + Eq, V>(remembered: &mut HashMap<K, V>) {
    if remembered.len() > REMEMBERED_MAX {
        remembered.clear();
    }
}
