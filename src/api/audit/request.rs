use std::str::FromStr;

use axum::extract::{FromRequest, Request};
use domain::audit::{Audit, Command, Part};
use event_store::{Context, Log, Surface};
use projections::history::Moment;
use uuid::Uuid;

use crate::State;
use crate::failure::Failure;
use crate::incoming::Incoming;
use crate::token::Role;

/// A request of an administrator.
pub(super) struct Auditor(Incoming);

impl FromRequest<State> for Auditor {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let incoming = Incoming::read(request, state, Surface::Audit).await?;
        if incoming.caller.role != Role::Administrator {
            let why = "only administrators of the account may read the audit trail";
            return Err(Failure::forbidden(why));
        }
        Ok(Self(incoming))
    }
}

impl Auditor {
    pub(super) fn log(&self) -> &Log {
        self.0.state.commands.log()
    }

    pub(super) fn account(&self) -> i64 {
        self.0.caller.account
    }

    /// The conversation of a path, if it is one of the account's; that it is read is recorded before anything
    /// of it is told.
    pub(super) async fn reads(&self, conversation: &str, part: Part) -> Result<Uuid, Failure> {
        let conversation: Uuid = conversation.parse().map_err(|_| Failure::not_found())?;
        let found: Option<i64> = sqlx::query_scalar(
            "select account_id from events
             where aggregate_type = 'conversation' and aggregate_id = $1 and sequence = 1",
        )
        .bind(conversation.to_string())
        .fetch_optional(&self.0.state.pool)
        .await
        .map_err(|source| event_store::Error::Database { doing: "find a conversation", source })?;
        if found != Some(self.account()) {
            return Err(Failure::not_found());
        }
        let command = Command::RecordReading { conversation, part };
        // A reading that is repeated is another reading, whatever key comes with it.
        let context = Context { metadata: self.0.context.metadata.clone(), idempotency: None };
        let id = domain::audit_id(conversation);
        self.0.state.commands.execute::<Audit>(id, "RecordReading", command, &context).await?;
        Ok(conversation)
    }

    /// A parameter of the query, if it is given.
    pub(super) fn parameter<T: FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Failure> {
        let query = self.0.uri.query().unwrap_or_default();
        let mut given = form_urlencoded::parse(query.as_bytes());
        let Some((_, value)) = given.find(|(key, _)| key == name) else { return Ok(None) };
        value
            .parse()
            .map(Some)
            .map_err(|_| Failure::bad_request(format!("{name} must be {expected}")))
    }

    pub(super) fn moment(&self, name: &str) -> Result<Option<Moment>, Failure> {
        self.parameter(name, "a log position or a time such as 2026-01-31T14:03:00Z")
    }
}
