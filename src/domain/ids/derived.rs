//! Ids derived from what they identify.

use uuid::Uuid;

use super::{
    AccountId, AuditId, ContactClaimId, ContactLinkId, ConversationId, InboxId, ParticipationId,
    TeamsId, UserId,
};

/// The namespace of all derived ids, generated once and frozen: every derived id in every log
/// depends on it.
const NAMESPACE: Uuid = Uuid::from_u128(0x5c2f_0a6e_8d1b_5f6a_9b43_7e20_c1d4_a8f9);

/// The user whom the host system calls `uid`.
pub fn user_id(account: AccountId, uid: &str) -> UserId {
    UserId::new(derive("user", account, uid))
}

/// The private chat of two users, in either order. An erased chat keeps its id for good, so the
/// next chat of the pair gets another id by the number of chats erased before it.
pub fn private_chat_id(
    account: AccountId,
    one: UserId,
    other: UserId,
    erased_before: u32,
) -> ConversationId {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    let pair = format!("{first}/{second}/{erased_before}");
    ConversationId::new(derive("private", account, &pair))
}

/// The contextual chat that the host system calls `uid`.
pub fn contextual_chat_id(account: AccountId, uid: &str, erased_before: u32) -> ConversationId {
    ConversationId::new(derive("contextual", account, &format!("{erased_before}/{uid}")))
}

/// The link of a source id in an inbox to its contact.
pub fn contact_link_id(account: AccountId, inbox: InboxId, source_id: &str) -> ContactLinkId {
    ContactLinkId::new(derive("contact_link", account, &format!("{inbox}/{source_id}")))
}

/// The claim on a value that only one contact of an account may have; `what` is the kind of value.
pub(crate) fn contact_claim_id(account: AccountId, what: &str, value: &str) -> ContactClaimId {
    ContactClaimId::new(derive("contact_claim", account, &format!("{what}/{value}")))
}

/// All teams of an account.
pub fn teams_id(account: AccountId) -> TeamsId {
    TeamsId::new(derive("teams", account, ""))
}

/// One member's own state in one conversation.
pub fn participation_id(conversation: ConversationId, user: UserId) -> ParticipationId {
    ParticipationId::new(Uuid::new_v5(&conversation.get(), user.get().as_bytes()))
}

/// The record of who read the audit trail of a conversation.
pub fn audit_id(conversation: ConversationId) -> AuditId {
    AuditId::new(Uuid::new_v5(&conversation.get(), b"audit"))
}

fn derive(what: &str, account: AccountId, name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{what}/{account}/{name}").as_bytes())
}
