//! Facts that an event lacks, and for which a consumer would have to fold other events: the number,
//! kind and inbox of its conversation, and the uids of the users it names. They never change.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;

use domain::conversation::{Event as ConversationEvent, Kind};
use domain::{ConversationId, InboxId, PublicId, UserId};
use sqlx::PgPool;

use crate::{Error, LogEvent};

/// Cached entries of each kind; once there are more, all of that kind are dropped.
const REMEMBERED_MAX: usize = 50_000;

/// A cache of facts about conversations and users.
#[derive(Debug, Default)]
pub struct Facts {
    conversations: HashMap<ConversationId, Fact>,
    uids: HashMap<UserId, String>,
}

#[derive(Debug, Clone, Copy)]
struct Fact {
    number: PublicId,
    kind: Option<Kind>,
    inbox: Option<InboxId>,
}

impl Facts {
    /// The public number of a conversation.
    pub fn number(&self, conversation: ConversationId) -> Option<PublicId> {
        self.conversations.get(&conversation).map(|fact| fact.number)
    }

    /// The kind of a conversation; `None` also for a kind that this version does not know.
    pub fn kind(&self, conversation: ConversationId) -> Option<Kind> {
        self.conversations.get(&conversation)?.kind
    }

    /// The inbox of a support conversation.
    pub fn inbox(&self, conversation: ConversationId) -> Option<InboxId> {
        self.conversations.get(&conversation)?.inbox
    }

    /// A user's uid in the host system.
    pub fn uid(&self, user: UserId) -> Option<&str> {
        self.uids.get(&user).map(String::as_str)
    }

    /// Learns what is needed for some events, and for at most `users_max` users of each. Most of it
    /// is known from earlier events; the rest is read from the log.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn learn<'a>(
        &mut self,
        pool: &PgPool,
        events: impl Iterator<Item = &'a Arc<LogEvent>>,
        users_max: usize,
    ) -> Result<(), Error> {
        forget_many(&mut self.conversations);
        forget_many(&mut self.uids);
        let (mut conversations, mut users) = (BTreeSet::new(), BTreeSet::new());
        for LogEvent { recorded, event, .. } in events.map(Arc::as_ref) {
            if let Some(conversation) = recorded.conversation_id {
                if let Ok(domain::Event::Conversation(ConversationEvent::ConversationCreated {
                    kind,
                    support,
                    ..
                })) = event
                {
                    let fact = Fact {
                        number: recorded.account_position.into(),
                        kind: Some(*kind),
                        inbox: support.map(|opening| opening.inbox),
                    };
                    self.conversations.insert(conversation, fact);
                }
                conversations.insert(conversation);
            }
            let Ok(event) = event else { continue };
            if let Some(uid) = event.registered_uid() {
                self.uids.insert(UserId::new(recorded.aggregate_id), uid.to_owned());
            }
            // Of a large room's members only the first few are published.
            users.extend(event.users().into_iter().take(users_max));
        }
        let unknown = unknown(conversations, &self.conversations);
        if !unknown.is_empty() {
            let rows: Vec<(ConversationId, PublicId, Option<String>, Option<InboxId>)> =
                sqlx::query_as(
                    "select aggregate_id::uuid,
                        account_position,
                        payload ->> 'kind',
                        (payload #>> '{support,inbox}')::uuid
                 from events
                 where aggregate_type = 'conversation'
                   and aggregate_id = any($1)
                   and sequence = 1",
                )
                .bind(unknown)
                .fetch_all(pool)
                .await
                .map_err(Error::database("look up conversations"))?;
            let facts = rows.into_iter().map(|(id, number, kind, inbox)| {
                let named = |known: &&Kind| kind.as_deref() == Some(known.as_str());
                (id, Fact { number, kind: Kind::ALL.iter().find(named).copied(), inbox })
            });
            self.conversations.extend(facts);
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
            .await
            .map_err(Error::database("look up users"))?;
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
