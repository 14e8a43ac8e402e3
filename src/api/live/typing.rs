//! Typing: told to the other members with open streams, on every node, and stored nowhere.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::{AccountId, ConversationId, PublicId, UserId};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};

use super::Live;
use super::rendered::{ephemeral, json};

pub(super) const SUBJECT: &str = "typing";

/// Typing of the same user in the same conversation is told at most this often.
const TOLD_EVERY: Duration = Duration::from_secs(1);
const TYPISTS_MAX: usize = 10_000;

/// A user is typing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Typing {
    r#type: Type,
    pub(crate) account: AccountId,
    pub(crate) conversation: ConversationId,
    pub(crate) conversation_number: PublicId,
    pub(crate) time: DateTime<Utc>,
    /// The user's uid.
    pub(crate) actor: String,
    pub(crate) user: UserId,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Type {
    Typing,
}

/// When typing was last told, by user and conversation.
pub(super) struct Typists(Cache<(UserId, ConversationId), Instant>);

impl Default for Typists {
    fn default() -> Self {
        Self(Cache::new(TYPISTS_MAX))
    }
}

impl Typists {
    fn is_new(&self, user: UserId, conversation: ConversationId) -> bool {
        let is_new =
            self.0.get(&(user, conversation)).is_none_or(|told| told.elapsed() >= TOLD_EVERY);
        if is_new {
            self.0.insert((user, conversation), Instant::now());
        }
        is_new
    }
}

impl Typing {
    pub(crate) fn new(
        (user, actor): (UserId, &str),
        of: &projections::Conversation,
        time: DateTime<Utc>,
    ) -> Self {
        Self {
            r#type: Type::Typing,
            account: of.account_id,
            conversation: of.uuid,
            conversation_number: of.number,
            time,
            actor: actor.to_owned(),
            user,
        }
    }
}

impl Live {
    /// Tells the other members, on every node, that a member is typing.
    pub(crate) fn types(&self, typing: &Typing) {
        if self.0.typists.is_new(typing.user, typing.conversation) {
            self.0.hub.tell_members(typing, &ephemeral(typing));
            let subject = format!("{SUBJECT}.{}.{}", typing.account, typing.conversation);
            self.signal(subject, json(typing).into_bytes());
        }
    }

    /// Tells the other members on this node that a member is typing on another node.
    pub(super) fn hear_typing(&self, of: &str, body: &[u8]) {
        let Ok(typing) = serde_json::from_slice::<Typing>(body) else { return };
        if of == format!("{}.{}", typing.account, typing.conversation) {
            self.0.hub.tell_members(&typing, &ephemeral(&typing));
        }
    }
}
