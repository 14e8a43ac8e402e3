use super::{Audit, Command, Event, Refusal};

impl Audit {
    /// The rules: every reading is recorded, each time.
    ///
    /// # Errors
    /// None.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let Command::RecordReading { conversation, part } = command;
        Ok(vec![Event::AuditTrailRead { conversation, part }])
    }
}
