use chrono::{DateTime, Utc};

use crate::PublicId;
use crate::limits::storable_time;

use super::{Change, ChangeCommand, Command, Event, Participation, Reading, Refusal};

pub(super) fn decide(
    participation: &Participation,
    command: Command,
) -> Result<Vec<Event>, Refusal> {
    let Command { membership, change } = command;
    if membership.id < participation.membership {
        return Err(Refusal::MembershipEnded);
    }
    let now = participation.in_membership(membership.id);
    let changed = match change {
        ChangeCommand::MarkRead { message: Some(message) } if message <= PublicId::NONE => {
            return Err(Refusal::MessageInvalid);
        }
        ChangeCommand::OpenConversation { reading: Reading::UpTo(message), .. }
            if message < PublicId::NONE =>
        {
            return Err(Refusal::MessageInvalid);
        }
        ChangeCommand::OpenConversation { reading, as_of } => {
            let message = match reading {
                Reading::Whole(message) => message.max(now.marker),
                Reading::UpTo(message) => Some(message),
            };
            let as_of = as_of.map(storable).transpose()?;
            Some(Change::MarkedRead { message, as_of })
        }
        ChangeCommand::MarkRead { message } => (now.marked_unread
            || message.is_some_and(|message| now.marker != Some(message)))
        .then_some(Change::MarkedRead { message, as_of: None }),
        ChangeCommand::MarkUnread => (!now.marked_unread || now.marker.is_some())
            .then_some(Change::MarkedUnread { as_of: None }),
        ChangeCommand::MarkUnreadSince { as_of } => {
            Some(Change::MarkedUnread { as_of: as_of.map(storable).transpose()? })
        }
        ChangeCommand::PinConversation => (!now.pinned).then_some(Change::ConversationPinned),
        ChangeCommand::UnpinConversation => now.pinned.then_some(Change::ConversationUnpinned),
        ChangeCommand::MuteConversation { until } => {
            let until = until.map(storable).transpose()?;
            (!now.muted || now.muted_until != until).then_some(Change::ConversationMuted { until })
        }
        ChangeCommand::KeepMuted => {
            (!now.muted).then_some(Change::ConversationMuted { until: None })
        }
        ChangeCommand::ExpectMuted { muted, over_since } => {
            let is_over = over_since.is_some() && now.muted_until == over_since;
            if muted != (now.muted && !is_over) {
                return Err(Refusal::MuteChanged);
            }
            None
        }
        ChangeCommand::UnmuteConversation => now.muted.then_some(Change::ConversationUnmuted),
        ChangeCommand::EndMute { until } => {
            (now.muted && now.muted_until == Some(until)).then_some(Change::ConversationUnmuted)
        }
        ChangeCommand::ArchiveConversation { at } => {
            let at = storable(at)?;
            // Clients see this time in seconds, so the same second is the same time.
            now.archived_at
                .is_none_or(|archived_at| archived_at.timestamp() != at.timestamp())
                .then_some(Change::ConversationArchived { at })
        }
        ChangeCommand::UnarchiveConversation => {
            now.archived_at.is_some().then_some(Change::ConversationUnarchived)
        }
        ChangeCommand::StarConversation => (!now.starred).then_some(Change::ConversationStarred),
        ChangeCommand::UnstarConversation => now.starred.then_some(Change::ConversationUnstarred),
        ChangeCommand::Subscribe => now.unsubscribed.then_some(Change::Subscribed),
        ChangeCommand::Unsubscribe => (!now.unsubscribed).then_some(Change::Unsubscribed),
    };
    Ok(changed.map(|change| Event { membership, change }).into_iter().collect())
}

fn storable(time: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    storable_time(time).ok_or(Refusal::TimeInvalid)
}
