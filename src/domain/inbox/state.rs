use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Event, Settings};
use crate::UserId;

/// The state of an inbox, as far as the rules need it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Inbox {
    pub(super) created: bool,
    pub(super) settings: Settings,
    pub(super) members: BTreeSet<UserId>,
}

/// Applies an event to the state.
pub(super) fn evolve(inbox: &mut Inbox, event: &Event) {
    match event {
        Event::InboxCreated { settings, .. } => {
            inbox.created = true;
            inbox.settings.merge(settings);
        }
        Event::InboxUpdated { settings } => inbox.settings.merge(settings),
        Event::InboxMembersSet { members } => inbox.members = members.iter().copied().collect(),
    }
}
