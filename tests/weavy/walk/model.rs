//! What the dialect's contract says of conversations, without a log, a database or a cache.

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub const NAMES: [&str; 5] = ["ann", "bob", "cat", "dan", "eve"];
/// The administrator of the account.
pub const ADMINISTRATOR: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Private,
    Room,
    Chat,
}

/// One member's own state.
#[derive(Debug, Default)]
pub struct Own {
    pub marker: Option<i64>,
    pub marked_unread: bool,
    /// Higher for a newer pin.
    pub pinned: Option<usize>,
    pub starred: bool,
    pub unsubscribed: bool,
}

#[derive(Debug)]
pub struct Conversation {
    pub kind: Kind,
    pub uid: Option<String>,
    pub name: Option<String>,
    pub tags: Vec<String>,
    pub creator: usize,
    pub members: BTreeMap<usize, Own>,
    /// The author of each message, by its number.
    pub messages: BTreeMap<i64, usize>,
    pub trashed: bool,
}

#[derive(Debug, Default)]
pub struct Model(pub BTreeMap<i64, Conversation>);

/// The status with which a request is refused.
pub type Refused = u16;

impl Conversation {
    pub fn new(kind: Kind, creator: usize, others: &[usize]) -> Self {
        let members = others.iter().chain([&creator]).map(|user| (*user, Own::default())).collect();
        let (name, tags, messages) = (None, vec![], BTreeMap::new());
        Self { kind, uid: None, name, tags, creator, members, messages, trashed: false }
    }

    fn is_unread(&self, user: usize) -> bool {
        let own = &self.members[&user];
        let by_others = self.messages.iter().filter(|(_, author)| **author != user);
        let newest = by_others.map(|(id, _)| *id).next_back();
        own.marked_unread || newest.unwrap_or(0) > own.marker.unwrap_or(0)
    }

    /// Whether a user may remove all of these members.
    pub fn may_take_out(&self, user: usize, leaving: &[usize]) -> Result<(), Refused> {
        let is_member = self.members.contains_key(&user);
        let are_others = leaving.iter().all(|leaving| *leaving != user);
        if !(is_member || user == ADMINISTRATOR && are_others) || self.trashed {
            return Err(404);
        }
        if self.kind == Kind::Private {
            return Err(400);
        }
        let in_charge = [self.creator, ADMINISTRATOR].contains(&user);
        let only_leaves = leaving.iter().all(|leaving| *leaving == user);
        if in_charge || only_leaves { Ok(()) } else { Err(403) }
    }

    /// The conversation as a member sees it, as far as the walk changes it.
    pub fn seen_by(&self, id: i64, user: usize) -> Value {
        let own = &self.members[&user];
        let name = |user: &usize| NAMES[*user][..1].to_uppercase() + &NAMES[*user][1..];
        let others: Vec<usize> = self.members.keys().copied().filter(|one| *one != user).collect();
        let derived = others.iter().map(name).collect::<Vec<_>>().join(", ");
        json!({
            "id": id, "uid": self.uid, "name": self.name,
            "display_name": self.name.clone().unwrap_or(derived), "tags": self.tags,
            "user_id": (self.kind == Kind::Private).then(|| others[0] + 1),
            "members": self.members(), "member_count": self.members.len(),
            "last_message_id": self.messages.keys().next_back(),
            "is_pinned": own.pinned.is_some(), "is_unread": self.is_unread(user),
            "is_starred": own.starred, "is_subscribed": !own.unsubscribed,
            "is_trashed": self.trashed,
        })
    }

    /// Each member's uid and marker.
    pub fn members(&self) -> Value {
        self.members.iter().map(|(user, own)| json!([NAMES[*user], own.marker])).collect()
    }
}

impl Model {
    /// A conversation that a user is in, in the trash or not.
    pub fn of(&mut self, user: usize, id: i64) -> Result<&mut Conversation, Refused> {
        let found = self.0.get_mut(&id).filter(|found| found.members.contains_key(&user));
        found.ok_or(404)
    }

    /// One that is not in the trash.
    pub fn open(&mut self, user: usize, id: i64) -> Result<&mut Conversation, Refused> {
        self.of(user, id).and_then(|found| if found.trashed { Err(404) } else { Ok(found) })
    }

    pub fn own(&mut self, user: usize, id: i64) -> Result<&mut Own, Refused> {
        Ok(self.open(user, id)?.members.get_mut(&user).expect("a member"))
    }

    /// The existing conversation of a pair or a uid.
    pub fn existing(&self, is_meant: impl Fn(&Conversation) -> bool) -> Option<i64> {
        self.0.iter().find(|(_, one)| is_meant(one)).map(|(id, _)| *id)
    }

    /// What a user's list shows, in its order: pinned ones first, then by the newest message, then
    /// those without any.
    pub fn list(&self, user: usize) -> Vec<Value> {
        let shown =
            self.0.iter().filter(|(_, one)| !one.trashed && one.members.contains_key(&user));
        let mut shown: Vec<_> = shown.collect();
        shown.sort_by_key(|(id, one)| {
            let newest = one.messages.keys().next_back().copied();
            std::cmp::Reverse((one.members[&user].pinned, newest, **id))
        });
        shown.into_iter().map(|(id, one)| one.seen_by(*id, user)).collect()
    }

    pub fn badge(&self, user: usize) -> Value {
        let unread = |kind| {
            let counts = |one: &&Conversation| {
                one.kind == kind
                    && !one.trashed
                    && one.members.contains_key(&user)
                    && one.is_unread(user)
            };
            self.0.values().filter(counts).count()
        };
        json!({
            "private": unread(Kind::Private),
            "rooms": unread(Kind::Room),
            "chat": unread(Kind::Chat),
        })
    }
}
