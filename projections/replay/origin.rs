use domain::Position;
use event_store::Log;
use serde_json::Value;
use uuid::Uuid;

use crate::Error;

/// Most events that are named, the newest ones.
const POSITIONS_MAX: i64 = 10;

/// The events that a row derives from: for a conversation's row those of the conversation, for a
/// member's row those of the conversation and the member's own, for a message those that name it,
/// for a user, a contact or an inbox its own.
pub(super) struct Origin {
    conversation: Option<Uuid>,
    /// Only these streams; `None` for all that belong to the conversation.
    streams: Option<Vec<String>>,
    message: Option<String>,
}

impl Origin {
    pub(super) fn new(table: &str, row: &Value) -> Self {
        let id = |name: &str| row[name].as_str().and_then(|id| Uuid::parse_str(id).ok());
        let (uuid, user) = (id("uuid"), id("user_id"));
        let conversation = id("conversation").or(uuid.filter(|_| table == "conversations"));
        let streams = match (conversation, user) {
            (Some(conversation), Some(user)) => Some(vec![
                conversation,
                domain::participation_id(conversation.into(), user.into()).into(),
            ]),
            (Some(_), None) => None,
            // A count is made from rows, not from events.
            (None, _) => Some(uuid.into_iter().collect()),
        };
        Self {
            conversation,
            streams: streams.map(|ids| ids.iter().map(Uuid::to_string).collect()),
            message: uuid
                .filter(|_| matches!(table, "messages" | "support_messages"))
                .map(|id| id.to_string()),
        }
    }

    /// The positions of the newest of these events, ascending.
    pub(super) async fn positions(
        &self,
        log: &Log,
        until: Position,
    ) -> Result<Vec<Position>, Error> {
        let which = match self.conversation {
            Some(_) => "conversation_id = $1 and ($2 is null or aggregate_id = any($2))",
            None => {
                "$1 is null
                 and aggregate_type in ('user', 'contact', 'contact_link', 'inbox')
                 and aggregate_id = any($2)"
            }
        };
        let mut positions: Vec<Position> = sqlx::query_scalar(&format!(
            "select position
             from events
             where {which}
               and position <= $3
               and ($4::text is null or payload::text like '%' || $4 || '%')
             order by position desc
             limit $5"
        ))
        .bind(self.conversation)
        .bind(&self.streams)
        .bind(until)
        .bind(&self.message)
        .bind(POSITIONS_MAX)
        .fetch_all(log.pool())
        .await
        .map_err(Error::database("look for events"))?;
        positions.reverse();
        Ok(positions)
    }

    /// Whether the row's content was erased after a position. Keys are deleted together with that
    /// event, while the row follows later, so such a difference is none.
    pub(super) async fn is_erased_after(
        &self,
        log: &Log,
        position: Position,
    ) -> Result<bool, Error> {
        sqlx::query_scalar(
            "select exists (
                 select from events
                 where conversation_id = $1
                   and position > $2
                   and (event_type = 'ConversationDeleted'
                        or event_type = 'MessageDeleted' and payload::text like '%' || $3 || '%'))",
        )
        .bind(self.conversation)
        .bind(position)
        .bind(&self.message)
        .fetch_one(log.pool())
        .await
        .map_err(Error::database("look for events"))
    }
}
