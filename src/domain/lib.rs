//! The domain: commands, events, state and rules of conversations. Pure: no IO, no clock, no
//! randomness.
//!
//! Each aggregate is a folder of the same files: `command` (what can be requested), `event` (what
//! happened), `refusal` (why a command is refused), `state` (the fold of the events, as far as the
//! rules need it), `decide` (the rules), `tests` (given, when, then). `mod.rs` combines them into a
//! [`Decider`]; `cqrs.rs` makes every decider an `Aggregate` of cqrs-es.
//!
//! Deliberately not here: who may call what over HTTP, public integer ids, and anything that only
//! readers need. A new command is a variant in `command.rs`, a rule in `decide.rs`, a test; a new
//! event is also a variant in `event.rs` and a golden file. A new aggregate is also a variant of
//! [`Event`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

mod any_event;
pub mod audit;
mod catalogue;
mod check;
pub mod contact;
pub mod contact_claim;
pub mod contact_link;
pub mod conversation;
#[doc(hidden)]
pub mod cqrs;
mod decider;
pub mod group;
mod ids;
pub mod inbox;
pub mod limits;
mod named;
mod partial;
pub mod participation;
mod private;
#[cfg(test)]
mod samples;
#[cfg(feature = "sqlx")]
mod sql;
pub mod team;
#[cfg(test)]
mod tests;
mod upcast;
pub mod user;

pub use any_event::{Event, Unreadable};
pub use catalogue::ASYNCAPI;
pub use check::check_stored;
pub use decider::{Decider, Erasure, StoredEvent};
pub use ids::{
    AccountId, AccountPosition, AuditId, ContactClaimId, ContactId, ContactLinkId, ConversationId,
    InboxId, MembershipId, MessageId, ParticipationId, Position, PublicId, TeamId, TeamsId, UserId,
    audit_id, contact_link_id, contextual_chat_id, participation_id, private_chat_id, teams_id,
    user_id,
};
pub use private::{KNOWN, Private, REDACTED, SEALED, Text};
pub use upcast::{is_outdated, upcast};
