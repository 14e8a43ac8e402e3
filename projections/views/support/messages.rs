use domain::{ConversationId, PublicId};

use super::SupportMessage;
use crate::{Error, Views};

impl Views {
    /// Messages of a support conversation, the oldest first: without bounds the last 20; before a number the 20 before it;
    /// after one up to 100 after it; between two up to 1,000.
    pub async fn support_messages(
        &self,
        conversation: ConversationId,
        before: Option<PublicId>,
        after: Option<PublicId>,
    ) -> Result<Vec<SupportMessage>, Error> {
        todo!("{conversation:?} {before:?} {after:?}")
    }

    /// One message of a support conversation.
    pub async fn support_message(
        &self,
        conversation: ConversationId,
        id: PublicId,
    ) -> Result<Option<SupportMessage>, Error> {
        todo!("{conversation:?} {id:?}")
    }
}
