use domain::conversation::Kind;
use domain::participation::Change;
use projections::views::{member_kinds, support_kinds};

use crate::edge::token::Role;

/// Of which conversations somebody is told beside those that they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// None.
    Own,
    /// The account's support conversations, whatever their inbox.
    Support,
    /// All that members have, for the host system.
    Host,
}

impl From<Role> for Scope {
    fn from(role: Role) -> Self {
        match role {
            // Agents see what comes through their inboxes, which are not known here: they are told
            // of none rather than of all.
            Role::Member | Role::Agent | Role::Bot => Self::Own,
            Role::Administrator => Self::Support,
            Role::Service => Self::Host,
        }
    }
}

impl Scope {
    /// The kinds of which all conversations are seen.
    pub(super) fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Own => &[],
            Self::Support => support_kinds(),
            Self::Host => member_kinds(),
        }
    }

    /// Whether a member of a conversation of this kind is told of it.
    pub(super) fn has_as_member(self, kind: Kind) -> bool {
        member_kinds().contains(&kind) || self.kinds().contains(&kind)
    }
}

/// Whether what a member did for themselves is seen by the other members: how far they have read.
pub(super) fn is_shown_to_others(change: &Change) -> bool {
    matches!(change, Change::MarkedRead { .. } | Change::MarkedUnread { .. })
}
