use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use domain::{ConversationId, MembershipId, PublicId, UserId};

use super::User;
use crate::readers::Readers;

/// Most members of a conversation that lists show.
pub(crate) const SHOWN_MAX: usize = 100;

/// A member, as others see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub user: UserId,
    /// The user's public number.
    pub number: PublicId,
    /// The account position of the event that added them.
    pub membership: MembershipId,
    /// When that was.
    pub joined_at: DateTime<Utc>,
    /// The message that the member has read up to.
    pub marker: Option<PublicId>,
    pub marked_at: Option<DateTime<Utc>>,
}

event_store::from_row!(Member { user, number, membership, joined_at, marker, marked_at });

/// Members of a conversation in the order of their numbers: all of them, or the first hundred.
#[derive(Debug)]
pub(crate) struct Members {
    /// Index of each member in `list`.
    places: HashMap<UserId, usize>,
    list: Mutex<Vec<Member>>,
    /// The members as users, as of a generation of the directory.
    users: Mutex<(u64, Users)>,
}

/// Users in the order of a list of members.
pub(crate) type Users = Arc<[Arc<User>]>;

impl Members {
    fn new(list: Vec<Member>) -> Self {
        let places = list.iter().enumerate().map(|(place, member)| (member.user, place)).collect();
        Self { places, list: Mutex::new(list), users: Mutex::new((0, [].into())) }
    }

    /// The members as users, if they are cached as of this generation.
    pub(crate) fn users(&self, generation: u64) -> Option<Users> {
        let known = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        (known.0 == generation).then(|| known.1.clone())
    }

    pub(crate) fn set_users(&self, generation: u64, users: Users) {
        *self.users.lock().unwrap_or_else(PoisonError::into_inner) = (generation, users);
    }

    /// The members as they are now.
    pub(crate) fn list(&self) -> Vec<Member> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A user's membership, if they are in this list.
    pub(crate) fn membership(&self, user: UserId) -> Option<MembershipId> {
        let place = self.places.get(&user)?;
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        Some(list[*place].membership)
    }

    /// Whether a user is a member; `None` if they may be one beyond the end of the list.
    pub(super) fn has(&self, user: UserId) -> Option<bool> {
        match self.places.contains_key(&user) {
            true => Some(true),
            false => (self.places.len() < SHOWN_MAX).then_some(false),
        }
    }

    /// Sets or removes a member's read marker.
    pub(super) fn mark(
        &self,
        user: UserId,
        membership: MembershipId,
        marker: Option<(PublicId, DateTime<Utc>)>,
    ) {
        let Some(place) = self.places.get(&user) else { return };
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let member = &mut list[*place];
        if member.membership == membership {
            (member.marker, member.marked_at) = marker.unzip();
        }
    }

    pub(super) fn size(&self) -> usize {
        let each = size_of::<Member>() + 2 * size_of::<(UserId, usize)>() + size_of::<Arc<User>>();
        self.places.len() * each + 128
    }
}

struct Row {
    conversation: ConversationId,
    member: Member,
}

event_store::from_row!(Row { conversation, member: flatten });

pub(super) async fn fetch(
    readers: Readers,
    conversations: Vec<ConversationId>,
    limit: Option<usize>,
) -> Result<HashMap<ConversationId, Members>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select w.uuid as conversation, found.*
         from unnest($1::uuid[]) as w (uuid)
         cross join lateral (
             select s.user_id as \"user\", u.id as number, s.membership, s.joined_at, m.marker,
                    m.marked_at
             from members s
             join users u on u.uuid = s.user_id
             join memberships m on m.user_id = s.user_id and m.conversation = s.conversation
             where s.conversation = w.uuid
             order by u.id
             limit $2) found",
    )
    .bind(&conversations)
    .bind(limit.map(|limit| limit as i64))
    .fetch_all(&readers)
    .await?;
    let mut lists: HashMap<ConversationId, Vec<Member>> = HashMap::new();
    for row in rows {
        lists.entry(row.conversation).or_default().push(row.member);
    }
    for list in lists.values_mut() {
        list.sort_by_key(|member| member.number);
    }
    Ok(lists.into_iter().map(|(uuid, list)| (uuid, Members::new(list))).collect())
}
