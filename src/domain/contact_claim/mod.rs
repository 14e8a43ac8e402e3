//! The aggregate `contact_claim`: which contact holds an e-mail address, a phone number or an
//! identifier. The stream id is derived from the value, so that no two contacts can hold the same
//! value, even under concurrent commands.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use crate::{AccountId, ContactClaimId, Decider, ids};

pub use command::Command;
pub use event::Event;
pub use refusal::Refusal;
pub use state::ContactClaim;

/// A kind of value that only one contact of an account may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// An e-mail address, compared without case.
    Email,
    /// A phone number.
    PhoneNumber,
    /// The host system's identifier of the contact.
    Identifier,
}

impl Identity {
    /// The name of the contact's field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::Identifier => "identifier",
        }
    }

    /// The id of the claim on a value of this kind.
    pub fn claim(self, account: AccountId, value: &str) -> ContactClaimId {
        let value = match self {
            Self::Email => value.trim().to_lowercase(),
            Self::PhoneNumber | Self::Identifier => value.trim().to_owned(),
        };
        ids::contact_claim_id(account, self.as_str(), &value)
    }
}

impl Decider for ContactClaim {
    const TYPE: &'static str = "contact_claim";
    const STATE_SCHEMA: i32 = 1;
    type Id = ContactClaimId;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &Event) {
        state::evolve(self, event);
    }

    fn name(command: &Command) -> &'static str {
        match command {
            Command::Claim { .. } => "ClaimContact",
            Command::Release { .. } => "ReleaseContactClaim",
        }
    }
}
