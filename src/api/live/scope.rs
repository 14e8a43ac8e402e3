use domain::conversation::Kind;
use domain::participation::{Change, Event};
use projections::views::{host_kinds, member_kinds, support_kinds};

use crate::edge::token::Role;

/// The conversations that a stream covers beside those that its user is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// No others.
    Own,
    /// The support conversations of the inboxes that the user is in, whoever is assigned.
    Inboxes,
    /// All support conversations of the account.
    Support,
    /// All conversations of members and agents, for the host system.
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
    /// The kinds of which every conversation of the account is visible.
    pub(super) fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Own | Self::Inboxes => &[],
            Self::Support => support_kinds(),
            Self::Host => host_kinds(),
        }
    }

    /// Whether a member of a conversation of this kind receives its events.
    pub(super) fn has_as_member(self, kind: Kind) -> bool {
        member_kinds().contains(&kind) || self.kinds().contains(&kind)
    }
}

/// Whether other members see a change of a member's own state: only how far they have read. Changes
/// on behalf of a role (the agents in common, or the assignee) are seen by all.
pub(super) fn is_shown_to_others(own: &Event) -> bool {
    let is_reading = matches!(own.change, Change::MarkedRead { .. } | Change::MarkedUnread { .. });
    is_reading || own.membership.user.is_role()
}
