use super::{Audit, Command, Event, Refusal};

/// Every read is recorded, repeated ones too.
pub(super) fn decide(_: &Audit, command: Command) -> Result<Vec<Event>, Refusal> {
    let Command::RecordReading { conversation, part } = command;
    Ok(vec![Event::AuditTrailRead { conversation, part }])
}
