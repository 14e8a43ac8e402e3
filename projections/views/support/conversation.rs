use domain::{AccountId, ContactLinkId, ConversationId, PublicId};

use super::SupportConversation;
use crate::{Error, Views};

impl Views {
    /// The support conversation with a public number, in whichever inbox it is.
    pub async fn support_conversation(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<SupportConversation>, Error> {
        todo!("{account:?} {number:?}")
    }

    /// The support conversation of a stream.
    pub async fn support_conversation_of(
        &self,
        account: AccountId,
        uuid: ConversationId,
    ) -> Result<Option<SupportConversation>, Error> {
        todo!("{account:?} {uuid:?}")
    }

    /// The newest conversation of a link.
    pub async fn newest_of_link(
        &self,
        link: ContactLinkId,
    ) -> Result<Option<ConversationId>, Error> {
        todo!("{link:?}")
    }
}
