//! Which kinds of conversations each surface serves.
//!
//! A kind that a surface does not serve is invisible to it by construction: the views are given the
//! kinds once, for the whole request, and every question about conversations and what is in them
//! keeps to these. A new kind is listed here for the surfaces that serve it, and appears on no
//! other.

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

/// The kinds that members are told of, wherever they listen.
pub fn member_kinds() -> &'static [Kind] {
    served_kinds(Surface::Events)
}

/// The kinds of which those who work for an account see every conversation, and of which members of
/// any other role see nothing.
pub fn support_kinds() -> &'static [Kind] {
    served_kinds(Surface::Chatwoot)
}

/// The kinds of which the host system is told, wherever they are shown.
pub fn host_kinds() -> &'static [Kind] {
    served_kinds(Surface::Audit)
}

impl Views {
    pub(super) fn serves(&self, conversation: &Conversation) -> bool {
        self.kinds.contains(&conversation.kind)
    }

    /// What is asked for, without the kinds that are not served.
    pub(super) fn within_served(&self, wanted: Wanted) -> Wanted {
        wanted.within(self.kinds)
    }

    /// The numbers of the kinds that are asked for and served.
    pub(super) fn numbers_of_served(&self, kinds: &[Kind]) -> Vec<i16> {
        let served = kinds.iter().filter(|kind| self.kinds.contains(kind));
        served.copied().map(bucket::number).collect()
    }

    /// The stored names of the kinds that are served.
    pub(super) fn names_of_served(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.as_str()).collect()
    }

    /// Whether a conversation is there and of a kind that is served.
    pub(super) async fn serves_id(&self, conversation: ConversationId) -> Result<bool, Error> {
        let found = self.memory.conversations.one(&self.readers, conversation).await?;
        Ok(found.is_some_and(|conversation| self.serves(&conversation)))
    }

    /// Those of some messages that are in conversations of kinds that are served.
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
