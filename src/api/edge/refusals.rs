//! The domain's refusals as callers see them: what a caller may not see is "not found".

use axum::http::StatusCode;
use domain::{
    audit, contact, contact_claim, contact_link, conversation, inbox, participation, team, user,
};
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
            | NotAMember(_) | WrongKind => Self::not_found(),
            MuteUnknown => Self::new(StatusCode::CONFLICT, refusal.to_string()),
            NotInCharge => Self::forbidden(refusal.to_string()),
            ConversationExists | PrivateChatNeedsTwo | MembersFixed | UidMissing | Excess(_)
            | TextBlank | TimeInvalid => Self::bad_request(refusal.to_string()),
        }
    }
}

impl From<participation::Refusal> for Failure {
    fn from(refusal: participation::Refusal) -> Self {
        match refusal {
            participation::Refusal::MembershipEnded => Self::not_found(),
            participation::Refusal::MuteChanged => {
                Self::new(StatusCode::CONFLICT, refusal.to_string())
            }
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

impl From<contact::Refusal> for Failure {
    fn from(refusal: contact::Refusal) -> Self {
        match refusal {
            contact::Refusal::ContactUnknown => Self::not_found(),
            contact::Refusal::IdentitiesChanged => {
                Self::new(StatusCode::CONFLICT, refusal.to_string())
            }
            contact::Refusal::ContactExists | contact::Refusal::Excess(_) => {
                Self::bad_request(refusal.to_string())
            }
        }
    }
}

impl From<contact_claim::Refusal> for Failure {
    fn from(refusal: contact_claim::Refusal) -> Self {
        let contact_claim::Refusal::Taken(identity) = &refusal;
        let source = Source::Pointer(format!("/{}", identity.as_str()));
        Self::bad_request(refusal.to_string()).at(source)
    }
}

impl From<contact_link::Refusal> for Failure {
    fn from(refusal: contact_link::Refusal) -> Self {
        match refusal {
            contact_link::Refusal::LinkUnknown => Self::not_found(),
            contact_link::Refusal::ConversationChosen => {
                Self::new(StatusCode::CONFLICT, refusal.to_string())
            }
            contact_link::Refusal::SourceIdTaken
            | contact_link::Refusal::SourceIdBlank
            | contact_link::Refusal::Excess(_) => {
                Self::bad_request(refusal.to_string()).at(Source::Pointer("/source_id".into()))
            }
        }
    }
}

impl From<inbox::Refusal> for Failure {
    fn from(refusal: inbox::Refusal) -> Self {
        match refusal {
            inbox::Refusal::InboxUnknown => Self::not_found(),
            inbox::Refusal::NameBlank => {
                Self::bad_request(refusal.to_string()).at(Source::Pointer("/name".into()))
            }
            inbox::Refusal::InboxExists | inbox::Refusal::Excess(_) => {
                Self::bad_request(refusal.to_string())
            }
        }
    }
}

impl From<team::Refusal> for Failure {
    fn from(refusal: team::Refusal) -> Self {
        match refusal {
            team::Refusal::TeamUnknown => Self::not_found(),
            team::Refusal::NameTaken | team::Refusal::NameBlank => {
                Self::bad_request(refusal.to_string()).at(Source::Pointer("/name".into()))
            }
            team::Refusal::TeamExists | team::Refusal::Excess(_) => {
                Self::bad_request(refusal.to_string())
            }
        }
    }
}

impl From<audit::Refusal> for Failure {
    fn from(refusal: audit::Refusal) -> Self {
        match refusal {}
    }
}
