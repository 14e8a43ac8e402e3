//! A command that is recorded is never answered as if it were not.
//!
//! A caller may lose access to a conversation between the command and its answer, or before they
//! repeat it. The conversation is then "not found", or the request's own checks refuse it. Both
//! describe the present state, not the command, which was carried out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use event_store::Context;

use super::failure::Failure;
use super::position::AnswerPosition;
use super::rejection::NotCaughtUp;
use super::request::COMMAND_WAIT;
use crate::Services;

/// Whether the request's command is recorded. Travels in the request's extensions and is set by
/// what carries out the command.
#[derive(Clone, Default)]
pub(crate) struct Recorded(Arc<Known>);

#[derive(Default)]
struct Known {
    is_recorded: AtomicBool,
    /// Set if the request has an idempotency key and so may be a repeat: where to look it up.
    repeatable: OnceLock<(Arc<Services>, Context, AnswerPosition)>,
}

impl Recorded {
    pub(crate) fn set(&self) {
        self.0.is_recorded.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.is_recorded.load(Ordering::Relaxed)
    }

    /// The request has an idempotency key: if it fails, the outcome of the original is looked up.
    pub(crate) fn may_be_before(
        &self,
        services: &Arc<Services>,
        context: &Context,
        answer: &AnswerPosition,
    ) {
        // Set once: a request is read once.
        let _ = self.0.repeatable.set((services.clone(), context.clone(), answer.clone()));
    }

    /// The answer in place of a failure. A client error of a recorded command becomes 204; a fault
    /// of ours says that the command was recorded.
    pub(crate) async fn instead_of(&self, failure: Failure) -> Result<Response, Failure> {
        if failure.status.is_client_error() {
            return match self.get() || self.was_before().await? {
                true => Ok(StatusCode::NO_CONTENT.into_response()),
                false => Err(failure),
            };
        }
        if self.get() {
            let why = failure.message();
            let detail = format!(
                "the command was recorded: repeat it, if at all, with the same Idempotency-Key; \
                 {why}"
            );
            return Err(Failure { detail: Some(detail), ..failure });
        }
        Err(failure)
    }

    /// # Errors
    /// Also if the key was used for another request: that is reported before any other failure.
    async fn was_before(&self) -> Result<bool, Failure> {
        let Some((services, context, answer)) = self.0.repeatable.get() else { return Ok(false) };
        let Some(before) = services.commands.replay(context).await? else { return Ok(false) };
        let progress = services.views.progress();
        if !progress.wait_for(before.position, COMMAND_WAIT).await {
            return Err(NotCaughtUp::WithCommand.into());
        }
        answer.set(progress.account_position(context.metadata.account).await?);
        Ok(true)
    }
}
