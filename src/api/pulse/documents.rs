//! The schemas of the dialect's documents, by the types of their resources.

use super::resource::{CHAT, CHAT_BOOKMARK, CHAT_MEMBERSHIP, DIRECT_CONVERSATION, MESSAGE, USER};
use crate::description::schema;
use crate::jsonapi::schema::{creation, documents};

documents!(DirectConversation = DIRECT_CONVERSATION);
documents!(Chat = CHAT);
documents!(ChatMembership = CHAT_MEMBERSHIP);
documents!(Message = MESSAGE);
documents!(ChatBookmark = CHAT_BOOKMARK);
documents!(User = USER);

schema! {
    /// How far a chat is read: to the newest message that is not after `updated_at`.
    Reading = creation(&CHAT_BOOKMARK)
}
