/// Why a member's command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The user has left and come back since the command was made for the old membership.
    #[error("the membership has ended")]
    MembershipEnded,
    /// The conversation has been muted, or unmuted, since the command was made.
    #[error("the conversation was muted, or unmuted, at the same time")]
    MuteChanged,
    /// The message number is below 1, or below 0 where 0 stands for no message.
    #[error("message must be a positive integer")]
    MessageInvalid,
    /// A time outside the years 1 to 9999, or a leap second: not every reader can represent it.
    #[error("a time must be in the years 1 to 9999, and no leap second")]
    TimeInvalid,
}
