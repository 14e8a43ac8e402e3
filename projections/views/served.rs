//! Which kinds of conversations each surface serves.
//!
//! A kind that a surface does not serve is invisible to it by construction: the views are given the
//! kinds once per request, and every query about conversations and what is in them is limited to
//! these. A new kind is listed here for the surfaces that serve it, and appears on no other.

use domain::ConversationId;
use domain::conversation::Kind;
use event_store::Surface;

use super::Views;
use crate::Error;
use crate::memberships::bucket::{self, Wanted};
use crate::memory::{Conversation, Message};

/// The kinds that a surface serves.
pub fn served_kinds(surface: Surface) -> &'static [Kind] {
    match surface {
        Surface::Weavy | Surface::Protocol | Surface::Pulse | Surface::Events => {
            &[Kind::Private, Kind::Room, Kind::Contextual]
        }
        Surface::Chatwoot => &[Kind::Support],
        Surface::Audit | Surface::Cli | Surface::Reaction => Kind::ALL,
    }
}

/// The kinds that members of a conversation get events of, wherever they listen.
pub fn member_kinds() -> &'static [Kind] {
    served_kinds(Surface::Events)
}

/// The kinds of which administrators get the events of every conversation in the account.
pub fn support_kinds() -> &'static [Kind] {
    served_kinds(Surface::Chatwoot)
}

/// The kinds that the host system gets events of, whichever surface shows them.
pub fn host_kinds() -> &'static [Kind] {
    served_kinds(Surface::Audit)
}

impl Views {
    pub(super) fn serves(&self, conversation: &Conversation) -> bool {
        self.kinds.contains(&conversation.kind)
    }

    /// `wanted` without the kinds that are not served.
    pub(super) fn within_served(&self, wanted: Wanted) -> Wanted {
        wanted.within(self.kinds)
    }

    /// The numbers of those `kinds` that are served.
    pub(super) fn numbers_of_served(&self, kinds: &[Kind]) -> Vec<i16> {
        let served = kinds.iter().filter(|kind| self.kinds.contains(kind));
        served.copied().map(bucket::number).collect()
    }

    /// The stored names of the kinds that are served.
    pub(super) fn names_of_served(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.as_str()).collect()
    }

    /// Whether a conversation exists and is of a kind that is served.
    pub(super) async fn serves_id(&self, conversation: ConversationId) -> Result<bool, Error> {
        let found = self.memory.conversations.one(&self.readers, conversation).await?;
        Ok(found.is_some_and(|conversation| self.serves(&conversation)))
    }

    /// Those of `messages` whose conversations are of kinds that are served.
    pub(super) async fn of_served(
        &self,
        mut messages: Vec<Message>,
    ) -> Result<Vec<Message>, Error> {
        let of = messages.iter().map(|message| message.conversation);
        let of = self.memory.conversations.all(&self.readers, of).await?;
        messages.retain(|message| of.get(&message.conversation).is_some_and(|of| self.serves(of)));
        Ok(messages)
    }
}
