//! Users with streams, and what they are members of: conversations, or inboxes.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use domain::{Position, UserId};
use projections::views::Followed;

use super::StreamId;

pub(super) struct Audiences<Id> {
    users: HashMap<UserId, Audience<Id>>,
    /// Users by what they are members of.
    members: HashMap<Id, HashSet<UserId>>,
    memberships: usize,
}

/// A user with streams, or about to have one.
struct Audience<Id> {
    subscriptions: usize,
    streams: Vec<StreamId>,
    is_in: HashSet<Id>,
    known: Known<Id>,
}

enum Known<Id> {
    /// Still being read; changes that arrive meanwhile wait here.
    Not(Vec<(Position, Id, bool)>),
    /// Read as of a position of the log, and updated since.
    AsOf(Position),
}

impl<Id> Default for Audiences<Id> {
    fn default() -> Self {
        Self { users: HashMap::new(), members: HashMap::new(), memberships: 0 }
    }
}

impl<Id> Default for Audience<Id> {
    fn default() -> Self {
        let known = Known::Not(vec![]);
        Self { subscriptions: 0, streams: vec![], is_in: HashSet::new(), known }
    }
}

impl<Id: Copy + Eq + Hash> Audiences<Id> {
    pub(super) fn memberships(&self) -> usize {
        self.memberships
    }

    pub(super) fn knows(&self, user: UserId) -> bool {
        self.users.get(&user).is_some_and(|of_user| matches!(of_user.known, Known::AsOf(_)))
    }

    pub(super) fn join(&mut self, user: UserId) {
        self.users.entry(user).or_default().subscriptions += 1;
    }

    /// Adds a stream; returns the position as of which the user's memberships were read.
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
            gone.is_in.iter().for_each(|id| self.forget(user, *id));
        }
    }

    /// Stores a user's memberships, unless another task has read them meanwhile.
    pub(super) fn know(&mut self, user: UserId, followed: Followed<Id>) {
        let Some(of_user) = self.users.get_mut(&user) else { return };
        let as_of = followed.position;
        let Known::Not(changes) = &mut of_user.known else { return };
        let changes = std::mem::take(changes);
        of_user.known = Known::AsOf(as_of);
        followed.is_in.into_iter().for_each(|id| self.set(user, id, true));
        for (_, id, is_in) in changes.into_iter().filter(|(position, ..)| *position > as_of) {
            self.set(user, id, is_in);
        }
    }

    pub(super) fn of(&self, user: UserId) -> Vec<Id> {
        self.users.get(&user).into_iter().flat_map(|of| of.is_in.iter().copied()).collect()
    }

    pub(super) fn add(&mut self, user: UserId, id: Id, at: Position) {
        self.change(user, id, at, true);
    }

    pub(super) fn remove(&mut self, user: UserId, id: Id, at: Position) {
        self.change(user, id, at, false);
    }

    /// Replaces all members.
    pub(super) fn replace_all(&mut self, id: Id, users: &[UserId], at: Position) {
        self.remove_all(id, at);
        users.iter().for_each(|user| self.add(*user, id, at));
    }

    pub(super) fn remove_all(&mut self, id: Id, at: Position) {
        // Users whose memberships are still being read may be members too.
        let reading = self.users.iter().filter(|(_, of)| matches!(of.known, Known::Not(_)));
        let mut users: Vec<UserId> = reading.map(|(user, _)| *user).collect();
        users.extend(self.members.get(&id).into_iter().flatten().copied());
        users.into_iter().for_each(|user| self.remove(user, id, at));
    }

    fn change(&mut self, user: UserId, id: Id, at: Position, is_in: bool) {
        match self.users.get_mut(&user).map(|of_user| &mut of_user.known) {
            Some(Known::Not(changes)) => changes.push((at, id, is_in)),
            Some(Known::AsOf(position)) if at > *position => self.set(user, id, is_in),
            _ => {}
        }
    }

    fn set(&mut self, user: UserId, id: Id, is_in: bool) {
        let Some(of_user) = self.users.get_mut(&user) else { return };
        if is_in {
            if of_user.is_in.insert(id) {
                self.members.entry(id).or_default().insert(user);
                self.memberships += 1;
            }
        } else if of_user.is_in.remove(&id) {
            self.forget(user, id);
        }
    }

    fn forget(&mut self, user: UserId, id: Id) {
        self.memberships -= 1;
        if let Some(users) = self.members.get_mut(&id) {
            users.remove(&user);
            if users.is_empty() {
                self.members.remove(&id);
            }
        }
    }

    pub(super) fn streams_of(&self, user: UserId) -> impl Iterator<Item = StreamId> {
        self.users.get(&user).into_iter().flat_map(|of_user| of_user.streams.iter().copied())
    }

    /// The streams of its members.
    pub(super) fn streams_in(&self, id: Id) -> impl Iterator<Item = (UserId, StreamId)> {
        let users = self.members.get(&id).into_iter().flatten().copied();
        users.flat_map(|user| self.streams_of(user).map(move |stream| (user, stream)))
    }
}

#[cfg(test)]
mod tests {
    use domain::ConversationId;
    use uuid::Uuid;

    use super::*;

    const ANN: UserId = UserId::new(Uuid::from_u128(1));

    fn room(n: u128) -> ConversationId {
        ConversationId::new(Uuid::from_u128(n))
    }

    fn listens(audiences: &Audiences<ConversationId>, rooms: [u128; 4]) -> [bool; 4] {
        rooms.map(|n| audiences.streams_in(room(n)).any(|(user, _)| user == ANN))
    }

    #[test]
    fn what_was_read_and_what_has_changed_since_make_one() {
        let mut audiences = Audiences::default();
        audiences.join(ANN);
        // The read below, as of position 6, already includes the first two of these changes.
        audiences.add(ANN, room(1), Position::new(5));
        audiences.remove(ANN, room(2), Position::new(6));
        audiences.add(ANN, room(3), Position::new(7));
        audiences.remove_all(room(4), Position::new(8));
        let is_in = vec![room(1), room(4)];
        audiences.know(ANN, Followed { position: Position::new(6), is_in });
        assert_eq!(audiences.open(ANN, 1), Position::new(6));
        assert_eq!(listens(&audiences, [1, 2, 3, 4]), [true, false, true, false]);
        // Events up to that position arrive late and change nothing.
        audiences.remove(ANN, room(1), Position::new(4));
        audiences.add(ANN, room(2), Position::new(6));
        assert_eq!(listens(&audiences, [1, 2, 3, 4]), [true, false, true, false]);
        audiences.remove(ANN, room(1), Position::new(9));
        assert_eq!(listens(&audiences, [1, 2, 3, 4]), [false, false, true, false]);
    }

    #[test]
    fn a_new_list_of_members_replaces_the_one_before() {
        let mut audiences = Audiences::default();
        audiences.join(ANN);
        audiences.replace_all(room(1), &[ANN], Position::new(5));
        audiences.replace_all(room(2), &[], Position::new(6));
        let is_in = vec![room(2), room(3)];
        audiences.know(ANN, Followed { position: Position::new(4), is_in });
        audiences.open(ANN, 1);
        assert_eq!(listens(&audiences, [1, 2, 3, 4]), [true, false, true, false]);
        audiences.replace_all(room(3), &[], Position::new(7));
        audiences.replace_all(room(4), &[ANN], Position::new(8));
        assert_eq!(listens(&audiences, [1, 2, 3, 4]), [true, false, false, true]);
    }

    #[test]
    fn a_listener_that_is_gone_leaves_nothing_behind() {
        let mut audiences = Audiences::default();
        for stream in [1, 2] {
            audiences.join(ANN);
            let is_in = vec![room(1), room(2)];
            audiences.know(ANN, Followed { position: Position::new(1), is_in });
            audiences.open(ANN, stream);
        }
        assert_eq!(audiences.memberships(), 2);
        audiences.leave(ANN, Some(1));
        assert!(audiences.knows(ANN));
        audiences.leave(ANN, Some(2));
        assert_eq!((audiences.memberships(), audiences.members.len()), (0, 0));
        assert!(!audiences.knows(ANN));
        // A subscription that was never opened.
        audiences.join(ANN);
        audiences.leave(ANN, None);
        assert!(audiences.users.is_empty());
    }
}
