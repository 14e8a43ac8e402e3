//! Users who listen, and what they are in.

use std::collections::{HashMap, HashSet};

use domain::{ConversationId, Position, UserId};
use projections::views::Followed;

use super::StreamId;

#[derive(Default)]
pub(super) struct Audiences {
    users: HashMap<UserId, Audience>,
    /// Who of them is in a conversation.
    members: HashMap<ConversationId, HashSet<UserId>>,
    memberships: usize,
}

/// A user with streams, or about to have some.
#[derive(Default)]
struct Audience {
    subscriptions: usize,
    streams: Vec<StreamId>,
    conversations: HashSet<ConversationId>,
    known: Known,
}

enum Known {
    /// They are being read; what changes meanwhile waits.
    Not(Vec<(Position, ConversationId, bool)>),
    /// As of a position of the log, and followed since.
    AsOf(Position),
}

impl Default for Known {
    fn default() -> Self {
        Self::Not(vec![])
    }
}

impl Audiences {
    pub(super) fn memberships(&self) -> usize {
        self.memberships
    }

    pub(super) fn knows(&self, user: UserId) -> bool {
        self.users.get(&user).is_some_and(|of_user| matches!(of_user.known, Known::AsOf(_)))
    }

    pub(super) fn join(&mut self, user: UserId) {
        self.users.entry(user).or_default().subscriptions += 1;
    }

    /// Returns as of when the user's conversations were read.
    pub(super) fn open(&mut self, user: UserId, stream: StreamId) -> Position {
        let Some(of_user) = self.users.get_mut(&user) else { return Position::START };
        of_user.streams.push(stream);
        match of_user.known {
            Known::AsOf(position) => position,
            Known::Not(_) => Position::START,
        }
    }

    pub(super) fn leave(&mut self, user: UserId, stream: Option<StreamId>) {
        let Some(of_user) = self.users.get_mut(&user) else { return };
        of_user.subscriptions -= 1;
        of_user.streams.retain(|id| Some(*id) != stream);
        if of_user.subscriptions == 0
            && let Some(gone) = self.users.remove(&user)
        {
            gone.conversations.iter().for_each(|id| self.forget(user, *id));
        }
    }

    /// Takes what a user was in, unless somebody else has read it meanwhile.
    pub(super) fn know(&mut self, user: UserId, followed: Followed) {
        let Some(of_user) = self.users.get_mut(&user) else { return };
        let as_of = followed.position;
        let Known::Not(changes) = &mut of_user.known else { return };
        let changes = std::mem::take(changes);
        of_user.known = Known::AsOf(as_of);
        followed.conversations.into_iter().for_each(|id| self.set(user, id, true));
        for (_, id, is_in) in changes.into_iter().filter(|(position, ..)| *position > as_of) {
            self.set(user, id, is_in);
        }
    }

    pub(super) fn conversations(&self, user: UserId) -> Vec<ConversationId> {
        self.users.get(&user).into_iter().flat_map(|of| of.conversations.iter().copied()).collect()
    }

    pub(super) fn add(&mut self, user: UserId, conversation: ConversationId, at: Position) {
        self.change(user, conversation, at, true);
    }

    pub(super) fn remove(&mut self, user: UserId, conversation: ConversationId, at: Position) {
        self.change(user, conversation, at, false);
    }

    pub(super) fn remove_all(&mut self, conversation: ConversationId, at: Position) {
        // Those who are being read may have been in it.
        let reading = self.users.iter().filter(|(_, of)| matches!(of.known, Known::Not(_)));
        let mut users: Vec<UserId> = reading.map(|(user, _)| *user).collect();
        users.extend(self.members.get(&conversation).into_iter().flatten().copied());
        users.into_iter().for_each(|user| self.remove(user, conversation, at));
    }

    fn change(&mut self, user: UserId, conversation: ConversationId, at: Position, is_in: bool) {
        match self.users.get_mut(&user).map(|of_user| &mut of_user.known) {
            Some(Known::Not(changes)) => changes.push((at, conversation, is_in)),
            Some(Known::AsOf(position)) if at > *position => self.set(user, conversation, is_in),
            _ => {}
        }
    }

    fn set(&mut self, user: UserId, conversation: ConversationId, is_in: bool) {
        let Some(of_user) = self.users.get_mut(&user) else { return };
        if is_in {
            if of_user.conversations.insert(conversation) {
                self.members.entry(conversation).or_default().insert(user);
                self.memberships += 1;
            }
        } else if of_user.conversations.remove(&conversation) {
            self.forget(user, conversation);
        }
    }

    fn forget(&mut self, user: UserId, conversation: ConversationId) {
        self.memberships -= 1;
        if let Some(users) = self.members.get_mut(&conversation) {
            users.remove(&user);
            if users.is_empty() {
                self.members.remove(&conversation);
            }
        }
    }

    pub(super) fn streams_of(&self, user: UserId) -> impl Iterator<Item = StreamId> {
        self.users.get(&user).into_iter().flat_map(|of_user| of_user.streams.iter().copied())
    }

    /// The streams of those who are in a conversation.
    pub(super) fn streams_in(
        &self,
        conversation: ConversationId,
    ) -> impl Iterator<Item = (UserId, StreamId)> {
        let users = self.members.get(&conversation).into_iter().flatten().copied();
        users.flat_map(|user| self.streams_of(user).map(move |stream| (user, stream)))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ANN: UserId = UserId::new(Uuid::from_u128(1));

    fn room(n: u128) -> ConversationId {
        ConversationId::new(Uuid::from_u128(n))
    }

    fn listens(audiences: &Audiences, rooms: [u128; 4]) -> [bool; 4] {
        rooms.map(|n| audiences.streams_in(room(n)).any(|(user, _)| user == ANN))
    }

    #[test]
    fn what_was_read_and_what_has_changed_since_make_one() {
        let mut audiences = Audiences::default();
        audiences.join(ANN);
        // Of these, what was read knows the first two.
        audiences.add(ANN, room(1), Position::new(5));
        audiences.remove(ANN, room(2), Position::new(6));
        audiences.add(ANN, room(3), Position::new(7));
        audiences.remove_all(room(4), Position::new(8));
        let conversations = vec![room(1), room(4)];
        audiences.know(ANN, Followed { position: Position::new(6), conversations });
        assert_eq!(audiences.open(ANN, 1), Position::new(6));
        assert_eq!(listens(&audiences, [1, 2, 3, 4]), [true, false, true, false]);
        // What the log tells late is known.
        audiences.remove(ANN, room(1), Position::new(4));
        audiences.add(ANN, room(2), Position::new(6));
        assert_eq!(listens(&audiences, [1, 2, 3, 4]), [true, false, true, false]);
        audiences.remove(ANN, room(1), Position::new(9));
        assert_eq!(listens(&audiences, [1, 2, 3, 4]), [false, false, true, false]);
    }

    #[test]
    fn whoever_listens_no_more_leaves_nothing_behind() {
        let mut audiences = Audiences::default();
        for stream in [1, 2] {
            audiences.join(ANN);
            let conversations = vec![room(1), room(2)];
            audiences.know(ANN, Followed { position: Position::new(1), conversations });
            audiences.open(ANN, stream);
        }
        assert_eq!(audiences.memberships(), 2);
        audiences.leave(ANN, Some(1));
        assert!(audiences.knows(ANN));
        audiences.leave(ANN, Some(2));
        assert_eq!((audiences.memberships(), audiences.members.len()), (0, 0));
        assert!(!audiences.knows(ANN));
        // One that was never opened.
        audiences.join(ANN);
        audiences.leave(ANN, None);
        assert!(audiences.users.is_empty());
    }
}
