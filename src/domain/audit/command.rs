use super::Part;

use crate::ConversationId;

/// Commands on an audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Records that the trail was read.
    RecordReading {
        conversation: ConversationId,
        /// The part that was read.
        part: Part,
    },
}
