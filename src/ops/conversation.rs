//! How operators name a conversation: as the log does, or as any dialect shows it.

use anyhow::{Context, anyhow};
use domain::{AccountId, ConversationId, PublicId};
use sqlx::PgPool;
use uuid::Uuid;

use super::Failure;

/// The conversation that a text names: its UUID (the log, Pulse), its number (Weavy), its UUID in
/// base 62 (Protocol), or the uid of a contextual chat, which the prefix `uid:` tells from the
/// others. Numbers and uids are unique within an account. Erased conversations are found too, since
/// the log records their erasure.
pub(super) async fn find(
    pool: &PgPool,
    account: AccountId,
    text: &str,
) -> Result<ConversationId, Failure> {
    if let Some(uid) = text.strip_prefix("uid:") {
        let found = by_uid(pool, account, uid).await?;
        return found.ok_or_else(|| unknown(text, &format!("as a uid in account {account}")));
    }
    if let Ok(uuid) = text.parse::<ConversationId>() {
        return match exists(pool, uuid).await? {
            true => Ok(uuid),
            false => Err(unknown(text, "in the log")),
        };
    }
    if let Ok(number) = text.parse::<PublicId>()
        && let Some(uuid) = by_number(pool, account, number).await?
    {
        return Ok(uuid);
    }
    if let Some(uuid) = protocol_id(text)
        && exists(pool, uuid).await?
    {
        return Ok(uuid);
    }
    let found = by_uid(pool, account, text).await?;
    found.ok_or_else(|| {
        unknown(text, &format!("by a number or uid of account {account} (--account), or by an id"))
    })
}

fn unknown(text: &str, how: &str) -> Failure {
    anyhow!("there is no conversation {text}, looked for {how}").into()
}

async fn exists(pool: &PgPool, uuid: ConversationId) -> Result<bool, Failure> {
    let found = sqlx::query_scalar(
        "select exists (select from events
                        where aggregate_type = 'conversation'
                          and aggregate_id = $1
                          and sequence = 1)",
    );
    Ok(found.bind(uuid.to_string()).fetch_one(pool).await.context(FIND)?)
}

/// A conversation's number is the account position of its creation.
async fn by_number(
    pool: &PgPool,
    account: AccountId,
    number: PublicId,
) -> Result<Option<ConversationId>, Failure> {
    let found = sqlx::query_scalar(
        "select conversation_id
         from events
         where account_id = $1
           and account_position = $2
           and aggregate_type = 'conversation'
           and sequence = 1",
    );
    let found = found.bind(account).bind(number).fetch_optional(pool).await;
    Ok(found.context(FIND)?)
}

/// The newest chat with this uid: after one was erased, the uid leads to the next id.
async fn by_uid(
    pool: &PgPool,
    account: AccountId,
    uid: &str,
) -> Result<Option<ConversationId>, Failure> {
    let mut found = None;
    for erased_before in 0.. {
        let chat = domain::contextual_chat_id(account, uid, erased_before);
        if !exists(pool, chat).await? {
            break;
        }
        found = Some(chat);
    }
    Ok(found)
}

const FIND: &str = "cannot look for a conversation";

/// A UUID as Protocol writes it: 22 characters in base 62.
fn protocol_id(text: &str) -> Option<ConversationId> {
    let whole = text.len() == 22;
    let number = whole.then(|| base62::decode(text).ok()).flatten()?;
    Some(Uuid::from_u128(number).into())
}
