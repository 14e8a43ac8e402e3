use uuid::Uuid;

use super::Part;

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Records that somebody reads.
    RecordReading {
        /// Whose trail.
        conversation: Uuid,
        /// What of it.
        part: Part,
    },
}
