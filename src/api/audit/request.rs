use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequest, Request as HttpRequest};
use domain::audit::{Audit, Command, Part};
use domain::{AccountId, ConversationId};
use event_store::{Context, Log};

use super::DIALECT;
use crate::Services;
use crate::edge::failure::Failure;
use crate::edge::request::Request;
use crate::edge::token::Role;

/// A request of an administrator.
pub(super) struct Auditor(Request);

impl FromRequest<Arc<Services>> for Auditor {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest, services: &Arc<Services>) -> Result<Self, Failure> {
        let request = Request::read(request, services, &DIALECT).await?;
        if request.caller.role != Role::Administrator {
            let why = "only administrators of the account may read the audit trail";
            return Err(Failure::forbidden(why));
        }
        Ok(Self(request))
    }
}

impl Deref for Auditor {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.0
    }
}

impl Auditor {
    pub(super) fn log(&self) -> &Log {
        self.services.commands.log()
    }

    /// The conversation in a path, if it belongs to the account. The access is recorded before
    /// anything is disclosed.
    pub(super) async fn reads(
        &self,
        conversation: &str,
        part: Part,
    ) -> Result<ConversationId, Failure> {
        let conversation: ConversationId =
            conversation.parse().map_err(|_| Failure::not_found())?;
        let found: Option<AccountId> = sqlx::query_scalar(
            "select account_id from events
             where aggregate_type = 'conversation' and aggregate_id = $1 and sequence = 1",
        )
        .bind(conversation.to_string())
        .fetch_optional(&self.services.pool)
        .await
        .map_err(|source| event_store::Error::Database { doing: "find a conversation", source })?;
        if found != Some(self.account()) {
            return Err(Failure::not_found());
        }
        let command = Command::RecordReading { conversation, part };
        // Without the idempotency key: a repeated request is another access, to be recorded again.
        let context = Context { metadata: self.context.metadata.clone(), idempotency: None };
        let id = domain::audit_id(conversation);
        self.services.commands.execute::<Audit>(id, command, &context).await?;
        Ok(conversation)
    }
}
