//! Generates a realistic log: private chats and some rooms, of which a few are busy at a time; most
//! events are messages, or members' changes for themselves. It is appended by commands, so that all
//! of it is decided and encrypted.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::conversation::{self, Conversation, Create};
use domain::participation::{self, ChangeCommand, Membership, Participation, Reading};
use domain::user::{self, Profile, User};
use domain::{AccountId, ConversationId, MessageId, PublicId, UserId};
use event_store::{CommandError, Commands, Context, Log, Outcome, Settings};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Concurrent writers, each in conversations of their own.
const WRITERS: u64 = 256;
/// Conversations of a writer that are busy at a time.
const BUSY: usize = 8;
/// Events in a conversation, approximately.
const LENGTH: i64 = 25;
const TEXT: &str = "Shall we meet at ten, or would the afternoon suit you better? ";

pub struct History {
    commands: Commands,
    runs: AtomicI64,
}

impl History {
    pub fn new(log: Log) -> Self {
        let commands = Commands::start(log, &Settings::default(), CancellationToken::new());
        Self { commands, runs: AtomicI64::new(0) }
    }

    /// Appends `events` events or a few more; returns how many.
    pub async fn extend(&self, events: i64) -> i64 {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let before = self.commands.log().head().await.unwrap();
        let left = Arc::new(AtomicI64::new(events));
        let mut writers = JoinSet::new();
        for number in 0..WRITERS {
            let random = StdRng::seed_from_u64(number + WRITERS * run.unsigned_abs());
            let name = format!("u{run}.{number}");
            let (commands, left) = (self.commands.clone(), left.clone());
            let writer = Writer { commands, random, name, left, users: vec![], rooms: vec![] };
            writers.spawn(writer.run());
        }
        while let Some(written) = writers.join_next().await {
            written.unwrap();
        }
        self.commands.log().head().await.unwrap() - before
    }
}

struct Writer {
    commands: Commands,
    random: StdRng,
    name: String,
    /// Events that are still to be appended, shared by all writers.
    left: Arc<AtomicI64>,
    users: Vec<UserId>,
    rooms: Vec<Room>,
}

/// What commands need to know of a conversation.
struct Room {
    id: ConversationId,
    number: PublicId,
    members: Vec<UserId>,
    newest: Option<(MessageId, UserId, PublicId)>,
}

impl Writer {
    async fn run(mut self) {
        while self.left.load(Ordering::Relaxed) > 0 {
            if self.users.len() < 2 || self.random.random_range(0..200) == 0 {
                self.register().await;
            } else if self.rooms.is_empty() || self.random.random_range(0..LENGTH) == 0 {
                self.create().await;
            } else {
                self.act().await;
            }
        }
    }

    async fn register(&mut self) {
        let uid = format!("{}.{}", self.name, self.users.len());
        let name = Some(format!("User {uid}").into());
        let email = Some(format!("{uid}@example.org").into());
        let id = domain::user_id(AccountId::FIRST, &uid);
        let profile = Profile { name, email, ..Profile::default() };
        let command = user::Command::RegisterUser { uid, profile };
        let done = self.commands.execute::<User>(id, command, &context()).await;
        self.count(done);
        self.users.push(id);
    }

    async fn create(&mut self) {
        let first = self.random.random_range(0..self.users.len() - 1);
        let is_private = self.random.random_range(0..10) > 0;
        let most = if is_private { 2 } else { 12 };
        let members: Vec<_> = self.users[first..].iter().take(most).copied().collect();
        let create = match is_private {
            true => Create::private(members[0], members[1]),
            false => Create::room(members[0], members.clone()),
        };
        let id = ConversationId::new(Uuid::now_v7());
        let command = conversation::Command::CreateConversation(create);
        let done = self.commands.execute::<Conversation>(id, command, &context()).await;
        let Some(number) = self.count(done) else { return };
        self.rooms.push(Room { id, number, members, newest: None });
    }

    /// Acts on a conversation, mostly on one of the newest.
    async fn act(&mut self) {
        let lately = self.rooms.len().saturating_sub(BUSY);
        let from = if self.random.random_range(0..5) == 0 { 0 } else { lately };
        let place = self.random.random_range(from..self.rooms.len());
        let of_all = self.rooms[place].members.len();
        let member = self.rooms[place].members[self.random.random_range(0..of_all)];
        match (self.random.random_range(0..100), self.rooms[place].newest) {
            (55..90, newest) => {
                let change = match (self.random.random_range(0..10), newest) {
                    (0..6, Some((.., number))) => ChangeCommand::OpenConversation {
                        reading: Reading::UpTo(number),
                        as_of: None,
                    },
                    (6, _) => ChangeCommand::PinConversation,
                    (7, _) => ChangeCommand::UnpinConversation,
                    (8, _) => ChangeCommand::StarConversation,
                    _ => ChangeCommand::MarkUnread,
                };
                self.change(place, member, change).await;
            }
            (90..93, Some((message, author, _))) => {
                let text = format!("{TEXT}Or at noon?").into();
                let (metadata, tags) = (None, vec![]);
                let edit =
                    conversation::Command::EditMessage { message, author, text, metadata, tags };
                self.tell(place, edit).await;
            }
            (93..95, Some((message, ..))) => {
                self.tell(place, conversation::Command::DeleteMessage { message }).await;
                self.rooms[place].newest = None;
            }
            (95..97, _) => {
                let name = Some(format!("Room {}", self.random.random_range(0..1000)).into());
                self.tell(place, conversation::Command::RenameConversation { name }).await;
            }
            _ => self.post(place, member).await,
        }
    }

    async fn post(&mut self, place: usize, author: UserId) {
        let message = MessageId::new(Uuid::now_v7());
        let text = TEXT.repeat(self.random.random_range(1..4)).into();
        let (metadata, tags) = (None, vec![]);
        let post = conversation::Command::PostMessage { message, author, text, metadata, tags };
        if let Some(number) = self.tell(place, post).await {
            self.rooms[place].newest = Some((message, author, number));
        }
    }

    async fn tell(&self, place: usize, command: conversation::Command) -> Option<PublicId> {
        let id = self.rooms[place].id;
        self.count(self.commands.execute::<Conversation>(id, command, &context()).await)
    }

    async fn change(&self, place: usize, user: UserId, change: ChangeCommand) {
        let Room { id: conversation, number, .. } = self.rooms[place];
        let membership = Membership { conversation, user, id: number.get().into() };
        let command = participation::Command { membership, change };
        let stream = domain::participation_id(conversation, user);
        let done = self.commands.execute::<Participation>(stream, command, &context()).await;
        self.count(done);
    }

    /// Counts a command's event; returns the public number of what it created, if anything.
    fn count<R: std::fmt::Debug>(
        &self,
        done: Result<Outcome, CommandError<R>>,
    ) -> Option<PublicId> {
        let first = done.unwrap().first?;
        self.left.fetch_sub(1, Ordering::Relaxed);
        Some(first.into())
    }
}

fn context() -> Context {
    event_store::testing::context("ann")
}
