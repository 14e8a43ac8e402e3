use std::collections::HashMap;
use std::sync::Arc;

use domain::{AccountId, ConversationId, MembershipId, PublicId, UserId};

use super::member_state::Seen;
use super::{MemberState, SHOWN, Views};
use crate::Error;
use crate::memory::{Conversation, Member, Members, SHOWN_MAX, User, Users};

/// Whose view of a conversation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// A user, who sees the conversations they are in.
    User(UserId),
    /// The host system, which sees all and has no state of its own.
    Service,
}

/// A conversation as one member, or the host system, sees it.
#[derive(Debug, Clone)]
pub struct View {
    /// The state that all viewers share.
    pub conversation: Arc<Conversation>,
    /// The viewer's own state; `None` for the host system.
    pub state: Option<MemberState>,
    /// Whether the viewer has something to read.
    pub is_unread: bool,
    members: Vec<Member>,
    users: Users,
    /// Who created it; `None` when the host system did.
    pub created_by: Option<Arc<User>>,
    /// Who changed its name, description, tags, picture or members last.
    pub modified_by: Option<Arc<User>>,
    /// Who wrote the newest message.
    pub newest_author: Option<Arc<User>>,
}

impl View {
    /// The members with their users, by number; in a list only the first hundred.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (&Member, &User)> + Clone {
        self.members.iter().zip(self.users.iter().map(|user| &**user))
    }

    /// The number of members: counted from those shown, unless these are only the first hundred.
    /// The conversation's own count may be of another moment than the member list, with a member
    /// added or removed in between.
    pub fn member_count(&self) -> i64 {
        let shown = self.members.len();
        if shown == SHOWN_MAX {
            self.conversation.member_count.max(shown as i64)
        } else {
            shown as i64
        }
    }
}

impl Views {
    /// The id of the conversation with a public number.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn conversation_id(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<ConversationId>, Error> {
        match self.numbered(account, number).await? {
            Some(uuid) if self.serves_id(uuid).await? => Ok(Some(uuid)),
            _ => Ok(None),
        }
    }

    async fn numbered(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<ConversationId>, Error> {
        if let Some(uuid) = self.memory.numbers.get(&(account, number)) {
            return Ok(Some(uuid));
        }
        self.progress.require(SHOWN)?;
        let look_up = || async {
            sqlx::query_scalar(
                "select uuid from conversations where account_id = $1 and number = $2",
            )
            .bind(account)
            .bind(number)
            .fetch_optional(&self.readers)
            .await
        };
        let found = self.ask("look up a conversation", look_up).await?;
        if let Some(uuid) = found {
            self.memory.numbers.insert((account, number), uuid);
        }
        Ok(found)
    }

    /// The contextual chat that the host system calls `uid`.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn conversation_by_uid(
        &self,
        account: AccountId,
        uid: &str,
    ) -> Result<Option<ConversationId>, Error> {
        self.progress.require(SHOWN)?;
        let look_up = || async {
            sqlx::query_scalar(BY_UID).bind(account).bind(uid).fetch_optional(&self.readers).await
        };
        match self.ask("look up a conversation", look_up).await? {
            Some(uuid) if self.serves_id(uuid).await? => Ok(Some(uuid)),
            _ => Ok(None),
        }
    }

    /// The state of a conversation that all viewers share. Does not check whether the caller may
    /// see it.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn conversation(
        &self,
        id: ConversationId,
    ) -> Result<Option<Arc<Conversation>>, Error> {
        self.progress.require(SHOWN)?;
        let found = self.memory.conversations.one(&self.readers, id).await?;
        Ok(found.filter(|conversation| self.serves(conversation)))
    }

    /// A member's state in a conversation, in the trash or not.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn member_state(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<(Arc<Conversation>, MemberState)>, Error> {
        self.progress.require(SHOWN)?;
        let seen = self.seen(user, conversation).await?;
        Ok(seen.map(|seen| (seen.conversation, seen.state)))
    }

    /// A conversation that a user is in, in the trash or not, and their membership of it. A
    /// remembered member list can prove that they are in it, as of the announced position; that
    /// they are not, only the rows can.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn member_of(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<(Arc<Conversation>, MembershipId)>, Error> {
        self.progress.require(SHOWN)?;
        let known = self.conversation(conversation).await?;
        if let Some(known) = known {
            let members = match known.member_count <= SHOWN_MAX as i64 {
                true => self.memory.members.one(&self.readers, conversation).await?,
                // Loading all members of a large room to check one user would cost too much.
                false => self.memory.all_members.known(&conversation),
            };
            if let Some(membership) = members.and_then(|members| members.membership(user)) {
                return Ok(Some((known, membership)));
            }
        }
        let found = self.member_state(user, conversation).await?;
        Ok(found.map(|(conversation, state)| (conversation, state.membership)))
    }

    /// One conversation with all its members, for a viewer who may see it.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn view(
        &self,
        account: AccountId,
        viewer: Viewer,
        id: ConversationId,
        trashed_too: bool,
    ) -> Result<Option<View>, Error> {
        self.progress.require(SHOWN)?;
        let (conversation, state, is_unread) = match viewer {
            Viewer::User(user) => match self.seen(user, id).await? {
                None => return Ok(None),
                Some(seen) => {
                    let is_unread = seen.is_unread();
                    (seen.conversation, Some(seen.state), is_unread)
                }
            },
            Viewer::Service => match self.conversation(id).await? {
                None => return Ok(None),
                Some(conversation) => (conversation, None, false),
            },
        };
        if conversation.account_id != account || (conversation.trashed && !trashed_too) {
            return Ok(None);
        }
        let is_longer = conversation.member_count > SHOWN_MAX as i64;
        let members = match is_longer {
            true => self.memory.all_members.one(&self.readers, id).await?,
            false => self.memory.members.one(&self.readers, id).await?,
        };
        let shown = Shown { conversation, state, is_unread, members };
        Ok(self.with_users(vec![shown]).await?.pop())
    }

    /// The items of a list, each with its first members.
    pub(super) async fn views(&self, seen: Vec<Seen>) -> Result<Vec<View>, Error> {
        let ids = seen.iter().map(|seen| seen.conversation.uuid);
        let mut members = self.memory.members.all(&self.readers, ids).await?;
        let shown = seen.into_iter().map(|seen| Shown {
            members: members.remove(&seen.conversation.uuid),
            is_unread: seen.is_unread(),
            conversation: seen.conversation,
            state: Some(seen.state),
        });
        self.with_users(shown.collect()).await
    }

    async fn with_users(&self, shown: Vec<Shown>) -> Result<Vec<View>, Error> {
        let generation = self.memory.directory_generation();
        let mut wanted: Vec<UserId> = Vec::new();
        for one in &shown {
            let conversation = &one.conversation;
            wanted.extend(conversation.created_by);
            wanted.extend(conversation.modified_by);
            wanted.extend(conversation.newest().map(|newest| newest.author));
            if let Some(members) =
                one.members.as_ref().filter(|one| one.users(generation).is_none())
            {
                wanted.extend(members.list().iter().map(|member| member.user));
            }
        }
        let users = self.memory.users.all(&self.readers, wanted).await?;
        shown.into_iter().map(|one| one.with_users(generation, &users)).collect()
    }
}

/// Parameters: account and uid.
pub(super) const BY_UID: &str = "select uuid from conversations where account_id = $1 and uid = $2";

/// The parts of a view, before its users are looked up.
struct Shown {
    conversation: Arc<Conversation>,
    state: Option<MemberState>,
    is_unread: bool,
    members: Option<Arc<Members>>,
}

impl Shown {
    fn with_users(
        self,
        generation: u64,
        users: &HashMap<UserId, Arc<User>>,
    ) -> Result<View, Error> {
        let Self { conversation, state, is_unread, members } = self;
        let mut list = members.as_ref().map(|members| members.list()).unwrap_or_default();
        if let Some(state) = &state {
            patch(&mut list, state);
        }
        let known = members.as_ref().and_then(|members| members.users(generation));
        let of_list = match (known, &members) {
            (Some(known), _) => known,
            (None, None) => [].into(),
            (None, Some(members)) => {
                let user = |member: &Member| {
                    users.get(&member.user).cloned().ok_or(Error::UserMissing(member.user))
                };
                let of_list: Users = list.iter().map(user).collect::<Result<_, _>>()?;
                members.set_users(generation, of_list.clone());
                of_list
            }
        };
        let user = |id: Option<UserId>| id.and_then(|id| users.get(&id).cloned());
        Ok(View {
            created_by: user(conversation.created_by),
            modified_by: user(conversation.modified_by),
            newest_author: user(conversation.newest().map(|newest| newest.author)),
            members: list,
            users: of_list,
            conversation,
            state,
            is_unread,
        })
    }
}

/// Takes the viewer's marker from their own state, which the rest of the view is consistent with.
fn patch(members: &mut [Member], state: &MemberState) {
    if let Some(own) = members.iter_mut().find(|member| member.user == state.user_id) {
        (own.marker, own.marked_at) = (state.marker, state.marked_at);
    }
}
