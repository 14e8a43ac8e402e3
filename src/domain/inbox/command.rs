use super::{Channel, Settings};
use crate::group::MembersChange;

/// Commands on an inbox.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Creates the inbox.
    CreateInbox {
        /// The channel, which never changes.
        channel: Channel,
        /// The initial settings; a name is required.
        settings: Settings,
    },
    /// Changes the given settings and leaves the rest.
    UpdateInbox {
        /// Fields that are `None` stay as they are.
        settings: Settings,
    },
    /// Changes which agents see the inbox.
    SetInboxMembers {
        /// The change of the members.
        change: MembersChange,
    },
}
