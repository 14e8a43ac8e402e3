/// Why a member's command is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The user has left and come back since the command was made for the old membership.
    #[error("the membership has ended")]
    MembershipEnded,
    /// It has been muted, or unmuted, since the command was made.
    #[error("the conversation was muted, or unmuted, at the same time")]
    MuteChanged,
    /// Messages are counted from 1.
    #[error("message must be a positive integer")]
    MessageInvalid,
    /// A time that not every reader could hold.
    #[error("a time must be in the years 1 to 9999, and no leap second")]
    TimeInvalid,
}
