use super::{Command, ContactClaim, Event, Refusal};

pub(super) fn decide(claim: &ContactClaim, command: Command) -> Result<Vec<Event>, Refusal> {
    match (command, claim.contact) {
        (Command::Claim { contact, .. }, None) => Ok(vec![Event::ContactClaimed { contact }]),
        (Command::Claim { contact, .. }, Some(holder)) if holder == contact => Ok(vec![]),
        (Command::Claim { identity, .. }, Some(_)) => Err(Refusal::Taken(identity)),
        (Command::Release { contact }, holder) if holder == Some(contact) => {
            Ok(vec![Event::ContactClaimReleased { contact }])
        }
        (Command::Release { .. }, _) => Ok(vec![]),
    }
}
