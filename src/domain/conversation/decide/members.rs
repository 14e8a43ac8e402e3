use uuid::Uuid;

use super::change;
use crate::conversation::{Conversation, Event, Kind, Refusal};

impl Conversation {
    pub(super) fn add_member(&self, user: Uuid) -> Result<Vec<Event>, Refusal> {
        self.members_may_change()?;
        Ok(change(!self.members.contains(&user), Event::MemberAdded { user }))
    }

    pub(super) fn remove_member(&self, user: Uuid) -> Result<Vec<Event>, Refusal> {
        self.members_may_change()?;
        Ok(change(self.members.contains(&user), Event::MemberRemoved { user }))
    }

    fn members_may_change(&self) -> Result<(), Refusal> {
        match self.present()? {
            Kind::Private => Err(Refusal::MembersFixed),
            Kind::Room | Kind::Contextual => Ok(()),
        }
    }
}
