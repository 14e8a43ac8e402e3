//! Stream ids that follow from what they name: two callers who mean the same thing write to the same stream,
//! so get-or-create needs no lock and cannot race.

use uuid::Uuid;

/// The namespace of all derived ids, made once and frozen: every derived id in every log hangs on it.
const NAMESPACE: Uuid = Uuid::from_u128(0x5c2f_0a6e_8d1b_5f6a_9b43_7e20_c1d4_a8f9);

/// The user whom the host system calls `uid`.
pub fn user_id(account: i64, uid: &str) -> Uuid {
    derive("user", account, uid)
}

/// The private chat of two users, whichever of them asks. A chat that was erased keeps its id for good, so
/// the next chat of the pair counts the ones before it.
pub fn private_chat_id(account: i64, one: Uuid, other: Uuid, erased_before: u32) -> Uuid {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    derive("private", account, &format!("{first}/{second}/{erased_before}"))
}

/// The contextual chat that the host system calls `uid`.
pub fn contextual_chat_id(account: i64, uid: &str, erased_before: u32) -> Uuid {
    derive("contextual", account, &format!("{erased_before}/{uid}"))
}

/// One member's own state in one conversation.
pub fn participation_id(conversation: Uuid, user: Uuid) -> Uuid {
    Uuid::new_v5(&conversation, user.as_bytes())
}

/// Who read the trail of a conversation.
pub fn audit_id(conversation: Uuid) -> Uuid {
    Uuid::new_v5(&conversation, b"audit")
}

fn derive(what: &str, account: i64, name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{what}/{account}/{name}").as_bytes())
}
