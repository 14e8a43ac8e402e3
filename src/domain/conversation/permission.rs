use super::{Command, Kind, Refusal};
use crate::UserId;

/// Who asks for something, as far as it matters for what they may do to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// The host system, which may do everything.
    HostSystem,
    /// A user.
    User {
        user: UserId,
        /// In the conversation.
        is_member: bool,
        /// Made it.
        is_creator: bool,
        /// Administers the account.
        is_administrator: bool,
    },
}

impl Command {
    /// Whether an actor may ask for this of a conversation of this kind. All members are equal but
    /// in what is at the others' expense: that is for who made it and for administrators, who need
    /// not be in it. A private chat has no such difference, nor does it ever lose a member.
    ///
    /// # Errors
    /// [`Refusal::NotAMember`] when they are not in it, [`Refusal::NotInCharge`] when that is not
    /// enough, and [`Refusal::MembersFixed`] when nobody may.
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
