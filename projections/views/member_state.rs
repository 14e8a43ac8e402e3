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
    /// Which membership of the user it is: the account position of the event that let them in.
    pub membership: MembershipId,
    /// The message that they have read up to.
    pub marker: Option<PublicId>,
    pub marked_at: Option<DateTime<Utc>>,
    /// The account position where it was marked as read, unless it was marked as unread since.
    pub bookmark: Option<AccountPosition>,
    /// When it was marked as read last.
    pub opened_at: Option<DateTime<Utc>>,
    /// When they archived it.
    pub archived_at: Option<DateTime<Utc>>,
    /// The account position of the pin.
    pub pinned: Option<AccountPosition>,
    /// Muted now.
    pub muted: bool,
    /// The end of the mute, if it has one.
    pub muted_until: Option<DateTime<Utc>>,
    /// Unread until it is marked as read.
    pub marked_unread: bool,
    pub starred: bool,
    /// Wants notifications.
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

/// For a row `m` of memberships: all but the conversation's revision.
pub(super) const OWN_COLUMNS: &str = own_columns!();
/// For a row `m` of memberships and its conversation `c`.
pub(super) const COLUMNS: &str = concat!(own_columns!(), ", c.revision as conversation_revision");

/// A conversation and one member's state in it, as they are at one moment.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) conversation: Arc<Conversation>,
    pub(super) state: MemberState,
}

impl Seen {
    /// Something by another user is newer than the marker, or marked so.
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

    /// The conversations of a member's states, from memory where that is of the revision that the
    /// state was read with. The others are read anew together with the state: a page must not show
    /// half of an event.
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

/// A page always comes with the list's length, in a row without a conversation if it has none.
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

/// By user and conversation.
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
