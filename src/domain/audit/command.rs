use super::Part;

use crate::ConversationId;

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Records a reading.
    RecordReading {
        conversation: ConversationId,
        /// What of it.
        part: Part,
    },
}
