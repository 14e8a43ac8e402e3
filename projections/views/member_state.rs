use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{AccountPosition, ConversationId, MembershipId, PublicId, UserId};
use sqlx::postgres::PgRow;
use sqlx::{FromRow as _, Row as _};

use super::Views;
use crate::Error;
use crate::memory::{CONVERSATION_COLUMNS, CONVERSATION_JOINS, Conversation};
use crate::readers::Readers;

/// One member's own state in one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberState {
    pub user_id: UserId,
    pub conversation: ConversationId,
    /// Identifies the membership: the account position of the event that added the user.
    pub membership: MembershipId,
    /// The message that they have read up to.
    pub marker: Option<PublicId>,
    pub marked_at: Option<DateTime<Utc>>,
    /// The account position where it was first marked as read since it was last marked as unread.
    pub bookmark: Option<AccountPosition>,
    /// When it was last marked as read.
    pub opened_at: Option<DateTime<Utc>>,
    /// When they archived it.
    pub archived_at: Option<DateTime<Utc>>,
    /// The account position of the pin.
    pub pinned: Option<AccountPosition>,
    /// Currently muted.
    pub muted: bool,
    /// The end of the mute, if it has one.
    pub muted_until: Option<DateTime<Utc>>,
    /// Marked as unread; reset by marking it as read.
    pub marked_unread: bool,
    pub starred: bool,
    /// Whether they want notifications.
    pub subscribed: bool,
    /// The revision that the conversation had when this was read.
    conversation_revision: AccountPosition,
}

event_store::from_row!(MemberState {
    user_id,
    conversation,
    membership,
    marker,
    marked_at,
    bookmark,
    opened_at,
    archived_at,
    pinned,
    muted,
    muted_until,
    marked_unread,
    starred,
    subscribed,
    conversation_revision,
});

macro_rules! own_columns {
    () => {
        "m.user_id, m.conversation, m.membership, m.marker, m.marked_at, m.bookmark, m.opened_at,
        m.archived_at, m.pinned, m.muted, m.muted_until, m.marked_unread, m.starred, m.subscribed"
    };
}

/// Columns of a row `m` of memberships, without the conversation's revision.
pub(super) const OWN_COLUMNS: &str = own_columns!();
/// Columns of a row `m` of memberships and its conversation `c`.
pub(super) const COLUMNS: &str = concat!(own_columns!(), ", c.revision as conversation_revision");

/// A conversation and one member's state in it, as they are at one moment.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) conversation: Arc<Conversation>,
    pub(super) state: MemberState,
}

impl Seen {
    /// Whether another user's message is newer than the marker, or the member marked it as unread.
    pub(super) fn is_unread(&self) -> bool {
        let newest = self.conversation.newest_by_others(self.state.user_id);
        self.state.marked_unread || newest > self.state.marker
    }
}

struct Row {
    conversation: Conversation,
    state: MemberState,
}

event_store::from_row!(Row { conversation: flatten, state: flatten });

impl Views {
    /// A member's state in a conversation, and the conversation.
    pub(super) async fn seen(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Seen>, Error> {
        let state = self.states.load(&self.readers, vec![(user, conversation)]).await?;
        let states: Vec<_> = state.into_values().map(|state| (*state).clone()).collect();
        Ok(self.all_seen(states).await?.pop())
    }

    /// Pairs each state with its conversation: from memory, if that has the revision that the state
    /// was read with. Otherwise both are read again in one statement: a page must not show half of
    /// an event.
    pub(super) async fn all_seen(&self, states: Vec<MemberState>) -> Result<Vec<Seen>, Error> {
        let Some(user) = states.first().map(|state| state.user_id) else { return Ok(vec![]) };
        let ids = states.iter().map(|state| state.conversation);
        let mut known = self.memory.conversations.all(&self.readers, ids).await?;
        let mut differing = Vec::new();
        for state in &states {
            let conversation = known.get(&state.conversation);
            if conversation.is_none_or(|known| known.revision != state.conversation_revision) {
                known.remove(&state.conversation);
                differing.push(state.conversation);
            }
        }
        let mut anew = self.read_together(user, differing).await?;
        let seen = states.into_iter().filter_map(|state| match known.remove(&state.conversation) {
            Some(conversation) => Some(Seen { conversation, state }),
            None => anew.remove(&state.conversation),
        });
        Ok(seen.filter(|seen| self.serves(&seen.conversation)).collect())
    }

    async fn read_together(
        &self,
        user: UserId,
        conversations: Vec<ConversationId>,
    ) -> Result<HashMap<ConversationId, Seen>, Error> {
        if conversations.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<Row> = self
            .ask("read conversations", || async {
                sqlx::query_as(&format!(
                    "select {COLUMNS}, {CONVERSATION_COLUMNS}
             from unnest($2::uuid[]) as w (uuid)
             join memberships m on m.user_id = $1 and m.conversation = w.uuid
             join conversations c on c.uuid = w.uuid {CONVERSATION_JOINS}
             where c.kind = any($3)"
                ))
                .bind(user)
                .bind(&conversations)
                .bind(self.names_of_served())
                .fetch_all(&self.readers)
                .await
            })
            .await?;
        let seen = rows.into_iter().map(|Row { conversation, state }| {
            (conversation.uuid, Seen { conversation: Arc::new(conversation), state })
        });
        Ok(seen.collect())
    }
}

/// Every page comes with the list's total: an empty one has it in a row without a conversation.
pub(super) fn page(rows: &[PgRow]) -> Result<(i64, Vec<MemberState>), sqlx::Error> {
    let total = rows.first().map(|row| row.try_get("total")).transpose()?.unwrap_or(0);
    let mut states = Vec::with_capacity(rows.len());
    for row in rows {
        if row.try_get::<Option<ConversationId>, _>("conversation")?.is_some() {
            states.push(MemberState::from_row(row)?);
        }
    }
    Ok((total, states))
}

/// Reads states by user and conversation.
pub(super) async fn fetch(
    readers: Readers,
    keys: Vec<(UserId, ConversationId)>,
) -> Result<HashMap<(UserId, ConversationId), MemberState>, sqlx::Error> {
    let (users, conversations): (Vec<UserId>, Vec<ConversationId>) = keys.into_iter().unzip();
    let rows: Vec<MemberState> = sqlx::query_as(&format!(
        "select {COLUMNS}
         from unnest($1::uuid[], $2::uuid[]) as w (user_id, conversation)
         join memberships m on m.user_id = w.user_id and m.conversation = w.conversation
         join conversations c on c.uuid = w.conversation"
    ))
    .bind(users)
    .bind(conversations)
    .fetch_all(&readers)
    .await?;
    Ok(rows.into_iter().map(|state| ((state.user_id, state.conversation), state)).collect())
}
