//! What of the domain's refusals a caller is told: what is not theirs to see is not found.

use axum::http::StatusCode;
use domain::{audit, conversation, participation, user};
use event_store::CommandError;

use super::failure::{Failure, Source};

impl<R: Into<Self>> From<CommandError<R>> for Failure {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::Contended => Self::unavailable("too many writers; try again"),
            CommandError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "the Idempotency-Key was used for another request",
            )
            .coded("idempotency_key_reused")
            .at(Source::Header("Idempotency-Key")),
            CommandError::Store(error) => error.into(),
        }
    }
}

impl From<conversation::Refusal> for Failure {
    fn from(refusal: conversation::Refusal) -> Self {
        use conversation::Refusal::*;
        match refusal {
            ConversationUnknown | ConversationDeleted | ConversationTrashed | MessageDeleted
            | NotAMember(_) => Self::not_found(),
            NotInCharge => Self::forbidden(refusal.to_string()),
            ConversationExists | PrivateChatNeedsTwo | MembersFixed | UidMissing | Excess(_)
            | TextBlank => Self::bad_request(refusal.to_string()),
        }
    }
}

impl From<participation::Refusal> for Failure {
    fn from(refusal: participation::Refusal) -> Self {
        match refusal {
            participation::Refusal::MembershipEnded => Self::not_found(),
            participation::Refusal::MessageInvalid | participation::Refusal::TimeInvalid => {
                Self::bad_request(refusal.to_string())
            }
        }
    }
}

impl From<user::Refusal> for Failure {
    fn from(refusal: user::Refusal) -> Self {
        match refusal {
            user::Refusal::UserUnknown => Self::not_found(),
            user::Refusal::UserExists
            | user::Refusal::UidInvalid
            | user::Refusal::UidReserved
            | user::Refusal::NameTooLong
            | user::Refusal::UsernameTooLong
            | user::Refusal::Excess(_) => Self::bad_request(refusal.to_string()),
        }
    }
}

impl From<audit::Refusal> for Failure {
    fn from(refusal: audit::Refusal) -> Self {
        match refusal {}
    }
}
