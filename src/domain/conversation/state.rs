use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::support::Support;
use super::{Event, Kind};
use crate::{MessageId, Private, Text, UserId};

/// The state of a conversation, as far as the rules need it. The default is a conversation that
/// does not exist.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub(super) kind: Option<Kind>,
    pub(super) members: BTreeSet<UserId>,
    pub(super) name: Option<Text>,
    pub(super) description: Option<Text>,
    pub(super) metadata: Option<Private<Map<String, Value>>>,
    pub(super) tags: Private<Vec<String>>,
    pub(super) avatar_url: Option<Text>,
    pub(super) pinned_message: Option<MessageId>,
    pub(super) trashed: bool,
    pub(super) message_count: u64,
    /// Deleted messages: they cannot be edited, and deleting them again changes nothing.
    pub(super) deleted_messages: BTreeSet<MessageId>,
    pub(super) deleted: bool,
    /// The state of a support conversation; `None` for other kinds.
    pub(super) support: Option<Support>,
}

/// Applies an event to the state.
pub(super) fn evolve(conversation: &mut Conversation, event: &Event) {
    match event {
        Event::ConversationCreated {
            kind,
            members,
            name,
            description,
            metadata,
            tags,
            support,
            custom_attributes,
            ..
        } => {
            conversation.kind = Some(*kind);
            conversation.support =
                support.as_ref().map(|opening| Support::new(opening, custom_attributes.clone()));
            conversation.members = members.iter().copied().collect();
            conversation.name.clone_from(name);
            conversation.description.clone_from(description);
            conversation.metadata.clone_from(metadata);
            conversation.tags.clone_from(tags);
        }
        Event::ConversationRenamed { name } => conversation.name.clone_from(name),
        Event::ConversationDescribed { description } => {
            conversation.description.clone_from(description)
        }
        Event::ConversationTagged { tags } => conversation.tags.clone_from(tags),
        Event::MetadataChanged { metadata } => conversation.metadata.clone_from(metadata),
        Event::ConversationTrashed => conversation.trashed = true,
        Event::ConversationRestored => conversation.trashed = false,
        Event::MemberAdded { user } => {
            conversation.members.insert(*user);
        }
        Event::MemberRemoved { user } => {
            conversation.members.remove(user);
        }
        Event::MessagePosted { .. } => conversation.message_count += 1,
        Event::MessageEdited { .. } => {}
        Event::AvatarChanged { avatar_url } => conversation.avatar_url.clone_from(avatar_url),
        Event::MessagePinned { message } => conversation.pinned_message = Some(*message),
        Event::MessageUnpinned => conversation.pinned_message = None,
        Event::MessageDeleted { message } => {
            conversation.pinned_message.take_if(|pinned| pinned == message);
            conversation.deleted_messages.insert(*message);
        }
        Event::StatusChanged { .. }
        | Event::ConversationSnoozed { .. }
        | Event::PriorityChanged { .. }
        | Event::AgentAssigned { .. }
        | Event::TeamAssigned { .. }
        | Event::LabelsReplaced { .. }
        | Event::CustomAttributesReplaced { .. } => {
            if let Some(support) = &mut conversation.support {
                support.evolve(event);
            }
        }
        Event::ConversationDeleted => {
            *conversation =
                Conversation { kind: conversation.kind, deleted: true, ..Conversation::default() };
        }
    }
}
