use domain::{AccountId, ConversationId};
use event_store::Log;
use serde_json::Value;

use super::events::Events;
use super::fold::Fold;
use super::moment::Moment;
use crate::Error;
use crate::aside::aside;

/// A conversation as it was: a JSON object, for everyone or as one member saw it. Positions are
/// those within the account, if one is given.
///
/// None when there was no such conversation in the account, or the user was not in it.
///
/// # Errors
/// When the log cannot be read.
pub async fn state(
    log: &Log,
    account: Option<AccountId>,
    conversation: ConversationId,
    at: Moment,
    member: Option<&str>,
) -> Result<Option<Value>, Error> {
    let (log, member) = (log.clone(), member.map(str::to_owned));
    let folding = async move {
        let mut fold = Fold::new(conversation, account);
        let mut events = Events::new(&log, account, conversation, at);
        while let Some(event) = events.next().await? {
            fold.apply(&event);
        }
        fold.finish(&log, account, member.as_deref()).await
    };
    aside(account, folding).await
}
