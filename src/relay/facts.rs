//! What an event does not say itself, and a reader of the stream would have to fold others for: the number of its
//! conversation, and the uids of the users whom it names. Neither ever changes.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;

use event_store::{ConversationId, LogEvent, PublicId, UserId};
use sqlx::PgPool;

use crate::Error;
use crate::message::USERS_MAX;

/// How many of each are remembered.
const REMEMBERED_MAX: usize = 50_000;

#[derive(Debug, Default)]
pub(crate) struct Facts {
    numbers: HashMap<ConversationId, PublicId>,
    uids: HashMap<UserId, String>,
}

impl Facts {
    /// The public number of a conversation.
    pub(crate) fn number(&self, conversation: ConversationId) -> Option<PublicId> {
        self.numbers.get(&conversation).copied()
    }

    /// What the host system calls a user.
    pub(crate) fn uid(&self, user: UserId) -> Option<&str> {
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
                if recorded.sequence == 1 && recorded.aggregate_id == conversation.get() {
                    self.numbers.insert(conversation, recorded.account_position.into());
                }
                conversations.insert(conversation);
            }
            let Ok(event) = event else { continue };
            if let Some(uid) = event.registered_uid() {
                self.uids.insert(UserId::new(recorded.aggregate_id), uid.to_owned());
            }
            // Of a large room's members only a few are written down.
            users.extend(event.users().into_iter().take(USERS_MAX));
        }
        let unknown = unknown(conversations, &self.numbers);
        if !unknown.is_empty() {
            let rows: Vec<(ConversationId, PublicId)> = sqlx::query_as(
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
            let rows: Vec<(UserId, String)> = sqlx::query_as(
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

fn unknown<K: Hash + Eq + Display, V>(wanted: BTreeSet<K>, known: &HashMap<K, V>) -> Vec<String> {
    let unknown = wanted.into_iter().filter(|id| !known.contains_key(id));
    unknown.map(|id| id.to_string()).collect()
}

fn forget_many<K: Hash + Eq, V>(remembered: &mut HashMap<K, V>) {
    if remembered.len() > REMEMBERED_MAX {
        remembered.clear();
    }
}
