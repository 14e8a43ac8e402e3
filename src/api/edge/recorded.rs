//! What is recorded is never answered as if it were not.
//!
//! A caller who loses a conversation between the command and its answer, or before repeating it,
//! finds nothing there that could be shown; and what is left of the request's own checks would
//! refuse it. Both are true of what there is now and not of the command, which is done.

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

/// Whether the command of a request is recorded; it goes with the request, and what carries the
/// command out says so here.
#[derive(Clone, Default)]
pub(crate) struct Recorded(Arc<Known>);

#[derive(Default)]
struct Known {
    is_recorded: AtomicBool,
    /// Of a request that may be a repeated one: where to look.
    repeatable: OnceLock<(Arc<Services>, Context, AnswerPosition)>,
}

impl Recorded {
    pub(crate) fn set(&self) {
        self.0.is_recorded.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.is_recorded.load(Ordering::Relaxed)
    }

    /// The request has a key: what it did when it came first is looked for if it fails.
    pub(crate) fn may_be_before(
        &self,
        services: &Arc<Services>,
        context: &Context,
        answer: &AnswerPosition,
    ) {
        // A request is read once.
        let _ = self.0.repeatable.set((services.clone(), context.clone(), answer.clone()));
    }

    /// What to answer in place of a failure: that it is done, without more, if the command is
    /// recorded and refused by what there is now; that it is recorded, if the fault is ours.
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
    /// Also when the key was used for another request, which is refused for that reason first.
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
