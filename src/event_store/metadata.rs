use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::AccountId;
use serde::{Deserialize, Serialize};

/// Where a command came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// The Weavy dialect.
    Weavy,
    /// The Protocol and Coherent dialect.
    Protocol,
    /// The Pulse JSON:API dialect.
    Pulse,
    /// The Chatwoot dialect.
    Chatwoot,
    /// `GET /events`.
    Events,
    /// The audit endpoints.
    Audit,
    /// The command line.
    Cli,
    /// A reactor: an event had to cause the command.
    Reaction,
}

/// Who acts, from where, in which request: everything of an event's metadata but the command's
/// name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The acting user's uid; a service token's subject when it acts for itself.
    pub actor: String,
    pub account: AccountId,
    /// The token's role.
    pub role: String,
    pub surface: Surface,
    /// The caller's `X-Request-Id`, or one made at the edge.
    pub request_id: String,
    /// The caller's `traceparent`.
    pub traceparent: Option<String>,
    /// The event that caused the command, for reactions.
    pub causation_id: Option<String>,
    /// When the command was received.
    pub occurred_at: DateTime<Utc>,
}

/// An idempotency key: with it, a command can be repeated without harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The `Idempotency-Key` header.
    pub key: String,
    /// SHA-256 of the request: another request with the same key is refused.
    pub request_digest: Vec<u8>,
}

/// Who appends, and under which idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct Claimant {
    pub(crate) account: AccountId,
    pub(crate) caller: String,
    pub(crate) idempotency: Option<Idempotency>,
}

/// What a command is executed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Goes into every event.
    pub metadata: Metadata,
    /// The client's idempotency key, when it sent one.
    pub idempotency: Option<Idempotency>,
}

impl Context {
    /// The account, the caller, and their idempotency key.
    pub(crate) fn claim(&self) -> Claimant {
        Claimant {
            account: self.metadata.account,
            caller: self.metadata.actor.clone(),
            idempotency: self.idempotency.clone(),
        }
    }

    /// The map that is stored with each event. All values are text, as postgres-es expects.
    pub(crate) fn stored(&self, command: &str) -> HashMap<String, String> {
        let m = &self.metadata;
        let surface = serde_json::to_value(m.surface)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default();
        let mut map = HashMap::from([
            ("actor".to_owned(), m.actor.clone()),
            ("account".to_owned(), m.account.to_string()),
            ("role".to_owned(), m.role.clone()),
            ("command".to_owned(), command.to_owned()),
            ("surface".to_owned(), surface),
            ("request_id".to_owned(), m.request_id.clone()),
            (
                "occurred_at".to_owned(),
                m.occurred_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            ),
        ]);
        let optional = [
            ("traceparent", m.traceparent.clone()),
            ("causation_id", m.causation_id.clone()),
            ("idempotency_key", self.idempotency.as_ref().map(|i| i.key.clone())),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                map.insert(key.to_owned(), value);
            }
        }
        map
    }
}
