use super::{Channel, Settings};
use crate::group::MembersChange;

/// What may be asked of an inbox.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes it.
    CreateInbox {
        /// Through what it is reached.
        channel: Channel,
        /// What it is like from the start; it has a name.
        settings: Settings,
    },
    /// Changes what is given and leaves the rest.
    UpdateInbox {
        /// Fields that are none stay as they are.
        settings: Settings,
    },
    /// Lets other agents see what comes through it.
    SetInboxMembers {
        /// Who comes and goes.
        change: MembersChange,
    },
}
