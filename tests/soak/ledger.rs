//! What callers were told: who is in which conversation, which messages there are, and what has
//! become of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use uuid::Uuid;

pub const NODES: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Kept,
    /// Its deletion was requested.
    Ending,
    /// Its deletion was acknowledged.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Weavy,
    Protocol,
}

pub struct Person {
    pub uid: String,
    pub token: String,
}

pub struct Account {
    pub number: i64,
    /// The users who act; elsewhere a user is an index into this.
    pub people: Vec<Person>,
    conversations: Mutex<Vec<Arc<Conversation>>>,
    /// The newest position that any caller was told.
    newest: AtomicI64,
}

impl Account {
    pub fn new(number: i64, people: Vec<Person>) -> Self {
        Self { number, people, conversations: Mutex::default(), newest: AtomicI64::default() }
    }

    pub fn conversations(&self) -> Vec<Arc<Conversation>> {
        self.conversations.lock().unwrap().clone()
    }

    /// Does nothing if it is there already: several requests may get the same private chat.
    pub fn add(&self, conversation: Conversation) {
        let mut conversations = self.conversations.lock().unwrap();
        if !conversations.iter().any(|known| known.number == conversation.number) {
            conversations.push(Arc::new(conversation));
        }
    }

    pub fn newest(&self) -> i64 {
        self.newest.load(Ordering::SeqCst)
    }

    pub fn was_told(&self, position: i64) {
        self.newest.fetch_max(position, Ordering::SeqCst);
    }
}

pub struct Conversation {
    /// Its id on the Weavy dialect.
    pub number: i64,
    pub uuid: Uuid,
    /// The only one who adds and removes members and erases it.
    pub creator: usize,
    /// Neither its members nor its name change, and nobody erases it.
    pub is_fixed: bool,
    state: Mutex<State>,
}

pub struct State {
    pub fate: Fate,
    members: Vec<Membership>,
    /// Names, by the key of the command that set each.
    pub names: HashMap<String, String>,
    pub messages: Vec<Message>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Membership {
    /// `None` while it changes.
    is_in: Option<bool>,
    changes: u32,
}

#[derive(Debug, Clone)]
pub struct Message {
    /// The first word of its text.
    pub name: String,
    /// Its id on the dialect that it was posted on; `None` if it is unknown whether it was posted.
    pub id: Option<(Dialect, String)>,
    /// The newest version that each node has acknowledged.
    pub acknowledged_by: [Option<u32>; NODES],
    pub newest: u32,
    /// The newest version that was sent.
    pub sent: u32,
    pub fate: Fate,
    /// The nodes that have acknowledged its deletion.
    pub ended_by: [bool; NODES],
}

impl Conversation {
    pub fn new(
        number: i64,
        uuid: Uuid,
        creator: usize,
        is_fixed: bool,
        people: usize,
        members: &[usize],
    ) -> Self {
        let membership = |user| Membership { is_in: Some(members.contains(&user)), changes: 0 };
        let state = State {
            fate: Fate::Kept,
            members: (0..people).map(membership).collect(),
            names: HashMap::new(),
            messages: Vec::new(),
        };
        Self { number, uuid, creator, is_fixed, state: Mutex::new(state) }
    }

    /// Its id on the Protocol dialect.
    pub fn id(&self) -> String {
        format!("{:0>22}", base62::encode(self.uuid.as_u128()))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn message(&self, place: usize) -> Message {
        self.state().messages[place].clone()
    }

    pub fn change_message(&self, place: usize, change: impl FnOnce(&mut Message)) {
        change(&mut self.state().messages[place]);
    }
}

/// Whether a user is in, and how often that has changed; if two are equal there was no change
/// between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub is_in: bool,
    changes: u32,
}

impl Standing {
    /// Whether it is as the conversation was created.
    pub fn is_original(self) -> bool {
        self.changes == 0
    }
}

impl State {
    /// `None` while that changes, and once the conversation's deletion was requested.
    pub fn standing(&self, user: usize) -> Option<Standing> {
        let member = self.members[user];
        let is_in = member.is_in.filter(|_| self.fate == Fate::Kept)?;
        Some(Standing { is_in, changes: member.changes })
    }

    pub fn is_member(&self, user: usize) -> bool {
        self.standing(user).is_some_and(|standing| standing.is_in)
    }

    /// The members, as far as they are known.
    pub fn members(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|user| self.members[*user].is_in == Some(true)).collect()
    }

    /// `None` means that it is changing, or may have changed.
    pub fn set_member(&mut self, user: usize, is_in: Option<bool>) {
        let member = &mut self.members[user];
        *member = Membership { is_in, changes: member.changes + 1 };
    }
}

/// The text of a version of a message. Most are short; a few are as long as a message may be.
pub fn text(name: &str, version: u32) -> String {
    let number = name.bytes().fold(7_usize, |sum, byte| (sum * 31 + byte as usize) % 10_007);
    let length = match number % 1000 {
        0 => 149_000,
        1..15 => 10_000,
        short => short % 200,
    };
    let filler = if number.is_multiple_of(3) { "é" } else { "x" };
    format!("{name} v{version} {}", filler.repeat(length))
}

/// The name and the version that a text was made of.
pub fn name_and_version(text: &str) -> Option<(&str, u32)> {
    let mut words = text.split(' ');
    Some((words.next()?, words.next()?.strip_prefix('v')?.parse().ok()?))
}
