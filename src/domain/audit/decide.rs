use super::{Audit, Command, Event, Refusal};

/// Every reading is recorded, each time.
pub(super) fn decide(_: &Audit, command: Command) -> Result<Vec<Event>, Refusal> {
    let Command::RecordReading { conversation, part } = command;
    Ok(vec![Event::AuditTrailRead { conversation, part }])
}
