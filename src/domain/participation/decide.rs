use std::ops::RangeInclusive;

use chrono::Datelike;

use super::{Change, ChangeCommand, Command, Event, Participation, Reading, Refusal};

/// Years that every reader of an event can write with four digits.
const YEARS: RangeInclusive<i32> = 1..=9999;

impl Participation {
    /// The rules. No events: the command is right, and nothing has to change.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let Command { seat, change } = command;
        if seat.membership < self.membership {
            return Err(Refusal::MembershipEnded);
        }
        let now = self.in_membership(seat.membership);
        let changed = match change {
            ChangeCommand::MarkRead { message: Some(..1) }
            | ChangeCommand::OpenConversation { reading: Reading::UpTo(..0), .. } => {
                return Err(Refusal::MessageInvalid);
            }
            ChangeCommand::OpenConversation { as_of: Some(time), .. }
            | ChangeCommand::MuteConversation { until: Some(time) }
            | ChangeCommand::ArchiveConversation { at: time }
                if !YEARS.contains(&time.year()) =>
            {
                return Err(Refusal::TimeInvalid);
            }
            ChangeCommand::OpenConversation { reading: Reading::Whole(message), as_of } => {
                Some(Change::MarkedRead { message: message.max(now.marker), as_of })
            }
            ChangeCommand::OpenConversation { reading: Reading::UpTo(message), as_of } => {
                Some(Change::MarkedRead { message: Some(message), as_of })
            }
            ChangeCommand::MarkRead { message } => (now.marked_unread
                || message.is_some_and(|message| now.marker != Some(message)))
            .then_some(Change::MarkedRead { message, as_of: None }),
            ChangeCommand::MarkUnread => {
                (!now.marked_unread || now.marker.is_some()).then_some(Change::MarkedUnread)
            }
            ChangeCommand::PinConversation => (!now.pinned).then_some(Change::ConversationPinned),
            ChangeCommand::UnpinConversation => now.pinned.then_some(Change::ConversationUnpinned),
            ChangeCommand::MuteConversation { until } => (!now.muted || now.muted_until != until)
                .then_some(Change::ConversationMuted { until }),
            ChangeCommand::KeepMuted => {
                (!now.muted).then_some(Change::ConversationMuted { until: None })
            }
            ChangeCommand::UnmuteConversation => now.muted.then_some(Change::ConversationUnmuted),
            ChangeCommand::EndMute { until } => {
                (now.muted && now.muted_until == Some(until)).then_some(Change::ConversationUnmuted)
            }
            ChangeCommand::ArchiveConversation { at } => {
                // Told in seconds, the same second is the same time.
                now.archived_at
                    .is_none_or(|archived_at| archived_at.timestamp() != at.timestamp())
                    .then_some(Change::ConversationArchived { at })
            }
            ChangeCommand::UnarchiveConversation => {
                now.archived_at.is_some().then_some(Change::ConversationUnarchived)
            }
            ChangeCommand::StarConversation => {
                (!now.starred).then_some(Change::ConversationStarred)
            }
            ChangeCommand::UnstarConversation => {
                now.starred.then_some(Change::ConversationUnstarred)
            }
            ChangeCommand::Subscribe => now.unsubscribed.then_some(Change::Subscribed),
            ChangeCommand::Unsubscribe => (!now.unsubscribed).then_some(Change::Unsubscribed),
        };
        Ok(changed.map(|change| Event { seat, change }).into_iter().collect())
    }
}
