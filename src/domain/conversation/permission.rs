use super::{Command, Kind, Refusal};
use crate::UserId;

/// Who issues a command, as far as the permissions on a conversation depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// The host system, which may do everything.
    HostSystem,
    /// A user.
    User {
        user: UserId,
        /// Is in the conversation.
        is_member: bool,
        /// Created the conversation.
        is_creator: bool,
        /// Administers the account.
        is_administrator: bool,
    },
}

impl Command {
    /// Checks whether the asker may issue this command on a conversation of this kind. All members
    /// have equal rights, except for commands at the others' expense (removing another member,
    /// deleting the conversation): these take a member who created the conversation, or an
    /// administrator, who need not be a member. Where the members are fixed, every member may
    /// delete the conversation, and nobody may change the members.
    ///
    /// # Errors
    /// [`Refusal::NotAMember`] when the asker is not a member, [`Refusal::NotInCharge`] when
    /// membership is not enough, and [`Refusal::MembersFixed`] when nobody may change the members.
    pub fn check_asker(&self, kind: Kind, asker: Asker) -> Result<(), Refusal> {
        let changes_members = matches!(self, Self::AddMember { .. } | Self::RemoveMember { .. });
        let Asker::User { user, is_member, is_creator, is_administrator } = asker else {
            return check_members(changes_members, kind);
        };
        let is_at_others_expense = match self {
            Self::RemoveMember { user: leaving } => *leaving != user,
            Self::DeleteConversation => true,
            _ => false,
        };
        if !(is_member || is_administrator && is_at_others_expense) {
            return Err(Refusal::NotAMember(user));
        }
        check_members(changes_members, kind)?;
        let is_in_charge = is_creator || is_administrator || kind.has_fixed_members();
        if is_at_others_expense && !is_in_charge { Err(Refusal::NotInCharge) } else { Ok(()) }
    }
}

fn check_members(change: bool, kind: Kind) -> Result<(), Refusal> {
    if change && kind.has_fixed_members() { Err(Refusal::MembersFixed) } else { Ok(()) }
}
