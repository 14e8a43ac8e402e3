use super::change;
use crate::conversation::{Conversation, Event, Refusal};

use crate::UserId;

impl Conversation {
    pub(super) fn add_member(&self, user: UserId) -> Result<Vec<Event>, Refusal> {
        self.members_may_change()?;
        Ok(change(!self.members.contains(&user), Event::MemberAdded { user }))
    }

    pub(super) fn remove_member(&self, user: UserId) -> Result<Vec<Event>, Refusal> {
        self.members_may_change()?;
        Ok(change(self.members.contains(&user), Event::MemberRemoved { user }))
    }

    fn members_may_change(&self) -> Result<(), Refusal> {
        let is_fixed = self.present()?.has_fixed_members();
        if is_fixed { Err(Refusal::MembersFixed) } else { Ok(()) }
    }
}
