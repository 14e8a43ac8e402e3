use domain::conversation::Kind;
use domain::participation::{Change, Event};
use projections::views::{host_kinds, member_kinds, support_kinds};

use crate::edge::token::Role;

/// Of which conversations a listener is told beside those that they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// None.
    Own,
    /// The support conversations of the inboxes that the user is in, of every assignee.
    Inboxes,
    /// The account's support conversations, of every inbox.
    Support,
    /// All that members and agents have, for the host system.
    Host,
}

impl From<Role> for Scope {
    fn from(role: Role) -> Self {
        match role {
            Role::Member | Role::Bot => Self::Own,
            Role::Agent => Self::Inboxes,
            Role::Administrator => Self::Support,
            Role::Service => Self::Host,
        }
    }
}

impl Scope {
    /// The kinds of which all conversations are seen.
    pub(super) fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Own | Self::Inboxes => &[],
            Self::Support => support_kinds(),
            Self::Host => host_kinds(),
        }
    }

    /// Whether a member of a conversation of this kind is told of it.
    pub(super) fn has_as_member(self, kind: Kind) -> bool {
        member_kinds().contains(&kind) || self.kinds().contains(&kind)
    }
}

/// Whether what a member did for themselves is seen by the others: how far they have read. What
/// agents have done for all of them is.
pub(super) fn is_shown_to_others(own: &Event) -> bool {
    let is_reading = matches!(own.change, Change::MarkedRead { .. } | Change::MarkedUnread { .. });
    is_reading || own.membership.user.is_role()
}
