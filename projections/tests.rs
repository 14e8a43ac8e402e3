//! The read models against the log, on a real PostgreSQL: whatever happened and however it was cut into
//! batches, the rows say what folding the log event by event says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::conversation::{self, Conversation, Create, Kind};
use domain::participation::{self, ChangeCommand, Participation, Reading, Seat};
use domain::user::{self, Profile, User};
use event_store::{Commands, Context, Keys, Log, MasterKey, Metadata, Settings, Surface};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::inbox::{Filter, Flags, Viewer};
use crate::*;

/// A log with a writer, and callers who know their seats.
pub(crate) struct World {
    pub(crate) log: Log,
    commands: Commands,
    seats: BTreeMap<(Uuid, Uuid), i64>,
    read: i64,
}

impl World {
    pub(crate) async fn new() -> Self {
        let pool = embedded::testing::database().await.pool().await;
        event_store::migrate(&pool).await.unwrap();
        let keys = Keys::open(&pool, MasterKey::generate()).await.unwrap();
        let log = Log::new(pool, keys);
        let commands = Commands::start(log.clone(), &Settings::default(), CancellationToken::new());
        Self { log, commands, seats: BTreeMap::new(), read: 0 }
    }

    pub(crate) async fn register(&mut self, uid: &str) -> Uuid {
        let id = domain::user_id(1, uid);
        let profile =
            Profile { name: Some(capitalized(uid).as_str().into()), ..Profile::default() };
        let command = user::Command::RegisterUser { uid: uid.to_owned(), profile };
        let context = context(uid);
        self.commands.execute::<User>(id, "RegisterUser", command, &context).await.unwrap();
        id
    }

    pub(crate) async fn update_user(&mut self, id: Uuid, command: user::Command) {
        self.commands.execute::<User>(id, "Test", command, &context("ann")).await.unwrap();
    }

    /// Whether the domain accepted it.
    pub(crate) async fn tell(&mut self, id: Uuid, command: conversation::Command) -> bool {
        let context = context("ann");
        self.commands.execute::<Conversation>(id, "Test", command, &context).await.is_ok()
    }

    /// Whether the user has a seat, and the domain accepted it.
    pub(crate) async fn change(&mut self, id: Uuid, user: Uuid, change: ChangeCommand) -> bool {
        self.learn_seats().await;
        let Some(membership) = self.seats.get(&(id, user)).copied() else { return false };
        let seat = Seat { conversation: id, user, membership };
        let (name, command) = (change.name(), participation::Command { seat, change });
        let stream = domain::participation_id(id, user);
        self.commands.execute::<Participation>(stream, name, command, &context("ann")).await.is_ok()
    }

    pub(crate) async fn room(&mut self, members: &[Uuid]) -> Uuid {
        let id = Uuid::now_v7();
        assert!(self.tell(id, create(Kind::Room, members, None)).await);
        id
    }

    pub(crate) async fn say(&mut self, id: Uuid, author: Uuid, text: &str) -> i64 {
        assert!(self.tell(id, post(author, text)).await);
        self.log.head().await.unwrap()
    }

    async fn learn_seats(&mut self) {
        for recorded in self.log.read(self.read, 10_000).await.unwrap() {
            self.read = recorded.position;
            let Event::Conversation(event) = Recorded::decode(&recorded).unwrap().event else {
                continue;
            };
            let key = |user: &Uuid| (recorded.aggregate_id, *user);
            match event {
                conversation::Event::ConversationCreated { members, .. } => {
                    self.seats.extend(members.iter().map(|user| (key(user), recorded.position)));
                }
                conversation::Event::MemberAdded { user } => {
                    self.seats.insert(key(&user), recorded.position);
                }
                conversation::Event::MemberRemoved { user } => {
                    self.seats.remove(&key(&user));
                }
                conversation::Event::ConversationDeleted => {
                    self.seats.retain(|(id, _), _| *id != recorded.aggregate_id);
                }
                _ => {}
            }
        }
    }

    pub(crate) async fn events(&self) -> Vec<Recorded> {
        let recorded = self.log.read(0, 1_000_000).await.unwrap();
        recorded.iter().map(|event| Recorded::decode(event).unwrap()).collect()
    }

    /// Runs the read models until they have everything, and stops them.
    pub(crate) async fn project(&self) -> &PgPool {
        let stop = CancellationToken::new();
        let (progress, mut tasks) = start(&self.log, Uuid::new_v4(), &stop);
        let head = self.log.head().await.unwrap();
        let reached = progress.reached(Progress::names(), head, Duration::from_secs(30)).await;
        assert!(reached, "{:?}", progress.failures());
        stop.cancel();
        while tasks.join_next().await.is_some() {}
        self.log.pool()
    }
}

fn capitalized(uid: &str) -> String {
    uid[..1].to_uppercase() + &uid[1..]
}

fn context(actor: &str) -> Context {
    Context {
        metadata: Metadata {
            actor: actor.to_owned(),
            account: 1,
            role: "member".to_owned(),
            surface: Surface::Cli,
            request_id: "test".to_owned(),
            traceparent: None,
            causation_id: None,
            occurred_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        },
        idempotency: None,
    }
}

pub(crate) fn create(kind: Kind, members: &[Uuid], uid: Option<&str>) -> conversation::Command {
    conversation::Command::CreateConversation(Create {
        kind,
        creator: members.first().copied(),
        members: members.to_vec(),
        uid: uid.map(str::to_owned),
        name: None,
        description: None,
        metadata: None,
        tags: vec![],
    })
}

pub(crate) fn post(author: Uuid, text: &str) -> conversation::Command {
    conversation::Command::PostMessage {
        message: Uuid::now_v7(),
        author,
        text: text.into(),
        metadata: None,
        tags: vec![],
    }
}

/// Legal and refused commands in a random order, by five users in five conversations.
async fn random_history(seed: u64, commands: usize) -> World {
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World::new().await;
    let mut users = Vec::new();
    for uid in ["ann", "bob", "cyd", "dan", "eve"] {
        users.push(world.register(uid).await);
    }
    let mut rooms = vec![domain::private_chat_id(1, users[0], users[1], 0)];
    world.tell(rooms[0], create(Kind::Private, &users[..2], None)).await;
    rooms.push(domain::contextual_chat_id(1, "order-1", 0));
    world.tell(rooms[1], create(Kind::Contextual, &users[1..4], Some("order-1"))).await;
    for members in [&users[..], &users[..3], &users[2..]] {
        rooms.push(world.room(members).await);
    }
    let mut messages = vec![1];
    let mut spoken = vec![(rooms[0], users[0], Uuid::nil())];
    for n in 0..commands {
        let room = rooms[random.random_range(0..rooms.len())];
        let user = users[random.random_range(0..users.len())];
        let message = messages[random.random_range(0..messages.len())];
        let in_2030 = "2030-01-01T00:00:00Z".parse().unwrap();
        use conversation::Command::*;
        let accepted = match random.random_range(0..31) {
            27 => {
                let message = spoken[random.random_range(0..spoken.len())];
                world.tell(message.0, PinMessage { message: message.2 }).await
            }
            28 if n % 3 == 0 => world.tell(room, UnpinMessage).await,
            28 => {
                let avatar_url = Some(format!("picture {n}").as_str().into());
                world.tell(room, ChangeAvatar { avatar_url }).await
            }
            24 | 25 => {
                let message = spoken[random.random_range(0..spoken.len())];
                let (room, author, message) = message;
                if n % 3 == 0 {
                    let text = format!("edited {n}").as_str().into();
                    let (metadata, tags) = (None, vec![]);
                    world.tell(room, EditMessage { message, author, text, metadata, tags }).await
                } else {
                    world.tell(room, DeleteMessage { message }).await
                }
            }
            26 if n % 40 == 0 => world.tell(room, DeleteConversation).await,
            0..7 => {
                let command = post(user, &format!("message {n}"));
                if let PostMessage { message, .. } = command {
                    spoken.push((room, user, message));
                }
                let accepted = world.tell(room, command).await;
                messages.push(world.log.head().await.unwrap());
                accepted
            }
            7 => world.tell(room, TrashConversation).await,
            8 => world.tell(room, RestoreConversation).await,
            9 => world.tell(room, AddMember { user }).await,
            10 => world.tell(room, RemoveMember { user }).await,
            11 => {
                world
                    .tell(
                        room,
                        RenameConversation { name: Some(format!("name {n}").as_str().into()) },
                    )
                    .await
            }
            12 => world.tell(room, TagConversation { tags: vec![format!("tag{n}")] }).await,
            own => {
                let change = match own {
                    13 => ChangeCommand::MarkRead { message: None },
                    14 | 15 => ChangeCommand::MarkRead { message: Some(message) },
                    16 => ChangeCommand::MarkUnread,
                    17 => ChangeCommand::PinConversation,
                    18 => ChangeCommand::UnpinConversation,
                    19 if n % 4 > 0 => ChangeCommand::MuteConversation { until: Some(in_2030) },
                    19 => ChangeCommand::MuteConversation { until: None },
                    20 => ChangeCommand::UnmuteConversation,
                    21 => ChangeCommand::ArchiveConversation { at: in_2030 },
                    22 => ChangeCommand::UnarchiveConversation,
                    29 => ChangeCommand::OpenConversation {
                        reading: Reading::Whole(Some(message)),
                        as_of: None,
                    },
                    30 => {
                        let reading = Reading::UpTo(if n % 3 == 0 { 0 } else { message });
                        ChangeCommand::OpenConversation { reading, as_of: Some(in_2030) }
                    }
                    _ if n % 2 == 0 => ChangeCommand::StarConversation,
                    _ => ChangeCommand::Unsubscribe,
                };
                world.change(room, user, change).await
            }
        };
        // Refusals leave nothing behind; the fold below would show it.
        let _ = accepted;
    }
    world
}

/// What everyone should see, folded one event at a time in the plainest way there is.
#[derive(Default)]
struct Folded {
    rooms: BTreeMap<Uuid, Room>,
    own: BTreeMap<(Uuid, Uuid, i64), Participation>,
    pins: BTreeMap<(Uuid, Uuid, i64), i64>,
    opened: BTreeMap<(Uuid, Uuid, i64), DateTime<Utc>>,
    /// Since when each message of the conversation is covered by the member's marker.
    read: BTreeMap<(Uuid, Uuid, i64), BTreeMap<i64, DateTime<Utc>>>,
}

#[derive(Default)]
struct Room {
    id: i64,
    kind: Option<Kind>,
    trashed: bool,
    members: BTreeMap<Uuid, i64>,
    messages: Vec<(i64, Uuid)>,
    pinned_message: Option<Uuid>,
}

/// One line of a list: id, pinned, unread, starred, subscribed, trashed, newest message, members.
type Line = (i64, bool, bool, bool, bool, bool, Option<i64>, usize);

impl Folded {
    fn new(events: &[Recorded]) -> Self {
        use conversation::Event::*;
        let mut folded = Self::default();
        let mut folded_ids = BTreeMap::new();
        for recorded in events {
            match &recorded.event {
                Event::Conversation(event) => {
                    let room = folded.rooms.entry(recorded.stream).or_default();
                    match event {
                        ConversationCreated { kind, members, .. } => {
                            room.id = recorded.position;
                            room.kind = Some(*kind);
                            room.members =
                                members.iter().map(|user| (*user, recorded.position)).collect();
                        }
                        MemberAdded { user } => {
                            room.members.insert(*user, recorded.position);
                        }
                        MemberRemoved { user } => {
                            room.members.remove(user);
                        }
                        MessagePosted { message, author, .. } => {
                            folded_ids.insert(*message, recorded.position);
                            room.messages.push((recorded.position, *author));
                        }
                        MessageDeleted { message } => {
                            let gone = folded_ids.get(message).copied();
                            room.messages.retain(|(id, _)| Some(*id) != gone);
                            room.pinned_message.take_if(|pinned| pinned == message);
                        }
                        ConversationDeleted => {
                            folded.rooms.remove(&recorded.stream);
                        }
                        MessagePinned { message } => room.pinned_message = Some(*message),
                        MessageUnpinned => room.pinned_message = None,
                        ConversationTrashed => room.trashed = true,
                        ConversationRestored => room.trashed = false,
                        _ => {}
                    }
                }
                Event::Participation(event) => {
                    let seat = event.seat;
                    let key = (seat.conversation, seat.user, seat.membership);
                    folded.own.entry(key).or_default().evolve(event);
                    match event.change {
                        participation::Change::MarkedRead { message, as_of } => {
                            folded.opened.insert(key, as_of.unwrap_or(recorded.at));
                            let room = &folded.rooms[&seat.conversation];
                            if let Some(marker) = message {
                                let read = folded.read.entry(key).or_default();
                                read.retain(|id, _| *id <= marker);
                                for (id, _) in room.messages.iter().filter(|(id, _)| *id <= marker)
                                {
                                    read.entry(*id).or_insert(recorded.at);
                                }
                            }
                        }
                        participation::Change::MarkedUnread => {
                            folded.read.remove(&key);
                        }
                        participation::Change::ConversationPinned => {
                            folded.pins.insert(key, recorded.position);
                        }
                        participation::Change::ConversationUnpinned => {
                            folded.pins.remove(&key);
                        }
                        _ => {}
                    }
                }
                Event::User(_) | Event::Audit(_) => {}
            }
        }
        folded
    }

    fn seats(
        &self,
        user: Uuid,
    ) -> impl Iterator<Item = (&Room, i64, serde_json::Value, Option<i64>, bool)> {
        self.rooms.iter().filter_map(move |(id, room)| {
            let key = (*id, user, *room.members.get(&user)?);
            let own = self.own.get(&key).cloned().unwrap_or_default();
            // Its fields are the domain's own; serialized they can be looked at.
            let own = serde_json::to_value(own).unwrap();
            let newest_by_others = room
                .messages
                .iter()
                .rev()
                .find(|(_, author)| *author != user)
                .map_or(0, |(id, _)| *id);
            let unread = own["marked_unread"] == true
                || newest_by_others > own["marker"].as_i64().unwrap_or(0);
            Some((room, room.id, own, self.pins.get(&key).copied(), unread))
        })
    }

    fn list(&self, user: Uuid) -> Vec<Line> {
        let mut lines: Vec<(Option<i64>, Line)> = self
            .seats(user)
            .map(|(room, id, own, pin, unread)| {
                let newest = room.messages.last().map(|(id, _)| *id);
                let starred = own["starred"] == true;
                let subscribed = own["unsubscribed"] == false;
                (
                    pin,
                    (
                        id,
                        pin.is_some(),
                        unread,
                        starred,
                        subscribed,
                        room.trashed,
                        newest,
                        room.members.len(),
                    ),
                )
            })
            .collect();
        lines.sort_by_key(|(pin, line)| std::cmp::Reverse((*pin, line.6, line.0)));
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// What the member's list by activity shows, for one choice of flags.
    fn entries(&self, user: Uuid, flags: Flags) -> Vec<(i64, Option<Uuid>, Option<DateTime<Utc>>)> {
        let mut entries = Vec::new();
        for (room, id, own, pin, _) in self.seats(user).filter(|(room, ..)| !room.trashed) {
            let is = |wanted: Option<bool>, set| wanted.is_none_or(|wanted| wanted == set);
            if is(flags.muted, own["muted"] == true)
                && is(flags.archived, !own["archived_at"].is_null())
                && is(flags.pinned, pin.is_some())
            {
                let active = room.messages.last().map_or(id, |(id, _)| *id);
                let stream = self.rooms.iter().find(|(_, other)| other.id == id).unwrap().0;
                let opened = self.opened.get(&(*stream, user, room.members[&user])).copied();
                entries.push((active, (id, room.pinned_message, opened)));
            }
        }
        entries.sort_by_key(|(active, _)| std::cmp::Reverse(*active));
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    /// When each message of a conversation was read, as a member sees it, the newest first.
    fn reads(&self, conversation: Uuid, viewer: Uuid) -> Vec<(i64, Option<DateTime<Utc>>)> {
        let room = &self.rooms[&conversation];
        let read_by = |user: Uuid, id: i64| {
            let key = (conversation, user, room.members[&user]);
            self.read.get(&key).and_then(|read| read.get(&id).copied())
        };
        let others = || room.members.keys().copied().filter(|user| *user != viewer);
        let read_at = |id: i64, author: Uuid| match author == viewer {
            true => others().filter_map(|user| read_by(user, id)).min(),
            false => read_by(viewer, id),
        };
        room.messages.iter().rev().map(|(id, author)| (*id, read_at(*id, *author))).collect()
    }

    fn badge(&self, user: Uuid) -> badge::Badge {
        let mut badge = badge::Badge::default();
        for (room, _, own, _, unread) in self.seats(user) {
            if unread && !room.trashed && own["muted"] == false && own["archived_at"].is_null() {
                match room.kind {
                    Some(Kind::Private) => badge.private += 1,
                    Some(Kind::Room) => badge.rooms += 1,
                    Some(Kind::Contextual) => badge.chat += 1,
                    None => {}
                }
            }
        }
        badge
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_badges_equal_a_fold_of_the_log() {
    for seed in [1, 2, 3] {
        let world = random_history(seed, 300).await;
        let pool = world.project().await;
        let folded = Folded::new(&world.events().await);
        for uid in ["ann", "bob", "cyd", "dan", "eve"] {
            let user = domain::user_id(1, uid);
            let filter = Filter { top: 100, ..Filter::default() };
            let listed: Vec<Line> = inbox::list(pool, 1, user, &filter)
                .await
                .unwrap()
                .items
                .into_iter()
                .map(|v| {
                    let newest = v.last_message.map(|message| message.id);
                    assert_eq!(v.member_count as usize, v.members.len());
                    (
                        v.id,
                        v.is_pinned,
                        v.is_unread,
                        v.is_starred,
                        v.is_subscribed,
                        v.is_trashed,
                        newest,
                        v.members.len(),
                    )
                })
                .collect();
            assert_eq!(listed, folded.list(user), "seed {seed}, {uid}'s list");
            assert_eq!(
                badge::get(pool, user).await.unwrap(),
                folded.badge(user),
                "seed {seed}, {uid}'s badge"
            );
        }
    }
}

pub(crate) fn every_choice_of_flags() -> impl Iterator<Item = Flags> {
    let choice = |n: usize| [None, Some(true), Some(false)][n % 3];
    (0..27).map(move |n| Flags { muted: choice(n), archived: choice(n / 3), pinned: choice(n / 9) })
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_by_activity_and_times_of_reading_equal_a_fold_of_the_log() {
    for seed in [6, 7, 8] {
        let world = random_history(seed, 400).await;
        let pool = world.project().await;
        let folded = Folded::new(&world.events().await);
        for uid in ["ann", "bob", "cyd", "dan", "eve"] {
            let user = domain::user_id(1, uid);
            for flags in every_choice_of_flags() {
                let slice = inbox::entries(pool, user, flags, Cursor::Top, 100).await.unwrap();
                let listed: Vec<_> = slice
                    .items
                    .iter()
                    .map(|entry| (entry.id, entry.pinned_message, entry.opened_at))
                    .collect();
                assert_eq!(listed, folded.entries(user, flags), "seed {seed}, {uid}, {flags:?}");
                assert!(!slice.has_more);
            }
            for (_, room, _, _, _) in folded.seats(user) {
                let stream = folded.rooms.iter().find(|(_, other)| other.id == room).unwrap().0;
                let slice = messages::reads(pool, user, room, Cursor::Top, 1000).await.unwrap();
                let read: Vec<_> =
                    slice.items.iter().map(|read| (read.message.id, read.read_at)).collect();
                assert_eq!(read, folded.reads(*stream, user), "seed {seed}, {uid} in {room}");
            }
        }
    }
}

/// Empty read models in a database of their own, and what they hold after `batches`.
async fn rows_after<'a>(
    batches: impl IntoIterator<Item = &'a [Recorded]>,
) -> BTreeMap<String, String> {
    let database = embedded::testing::database().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    async fn make<P: Projection>(connection: &mut PgConnection) {
        let make = format!("create schema {name}; {schema}", name = P::NAME, schema = P::SCHEMA);
        connection.execute(make.as_str()).await.unwrap();
    }
    make::<directory::Directory>(&mut connection).await;
    make::<conversation_list::ConversationList>(&mut connection).await;
    make::<inbox::Inbox>(&mut connection).await;
    make::<badge::Badges>(&mut connection).await;
    make::<messages::Messages>(&mut connection).await;
    make::<timers::Timers>(&mut connection).await;
    for batch in batches {
        directory::Directory::apply(&mut connection, batch).await.unwrap();
        conversation_list::ConversationList::apply(&mut connection, batch).await.unwrap();
        inbox::Inbox::apply(&mut connection, batch).await.unwrap();
        badge::Badges::apply(&mut connection, batch).await.unwrap();
        messages::Messages::apply(&mut connection, batch).await.unwrap();
        timers::Timers::apply(&mut connection, batch).await.unwrap();
    }
    let tables: Vec<String> = sqlx::query_scalar(
        "select schemaname || '.' || tablename from pg_tables where schemaname = any($1) order by 1",
    )
    .bind(Progress::names())
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        // Who never had anything unread may have a row of zeros or none.
        let counted = if table == "badge.counts" { "where private + rooms + chat > 0" } else { "" };
        let content: Option<String> = sqlx::query_scalar(&format!(
            "select string_agg(t::text, e'\\n' order by t::text) from {table} t {counted}"
        ))
        .fetch_one(&mut connection)
        .await
        .unwrap();
        rows.insert(table, content.unwrap_or_default());
    }
    rows
}

/// Says which rows differ, and only those.
#[track_caller]
fn assert_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    for (table, rows) in one {
        let (rows, others): (BTreeSet<&str>, BTreeSet<&str>) =
            (rows.lines().collect(), other[table].lines().collect());
        let differing: Vec<_> = rows.symmetric_difference(&others).collect();
        assert!(differing.is_empty(), "{table}: {differing:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_the_log_is_cut_into_batches_makes_no_difference() {
    let events = random_history(11, 300).await.events().await;
    let at_once = rows_after([&events[..]]).await;
    for (table, content) in &at_once {
        assert!(!content.is_empty(), "{table} is put to the test");
    }
    let one_by_one = rows_after(events.chunks(1)).await;
    assert_same(&one_by_one, &at_once);
    let by_sevens = rows_after(events.chunks(7)).await;
    assert_same(&by_sevens, &at_once);
}

/// Read models run on their own: a list must not lose a row because another one is behind.
#[tokio::test(flavor = "multi_thread")]
async fn lists_are_made_of_one_read_model_alone() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    for _ in 0..4 {
        let room = world.room(&[ann, bob]).await;
        world.say(room, bob, "hi").await;
    }
    let database = embedded::testing::database().await;
    let pool = database.pool().await;
    let make = format!("create schema inbox; {}", inbox::Inbox::SCHEMA);
    pool.execute(make.as_str()).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    inbox::Inbox::apply(&mut connection, &world.events().await).await.unwrap();
    let slice = inbox::entries(&pool, ann, Flags::default(), Cursor::Top, 3).await.unwrap();
    assert_eq!((slice.items.len(), slice.has_more), (3, true));
    assert!(slice.items.iter().all(|entry| entry.last_active_at.is_some()));
    let choice = inbox::Choice { limit: 3, ..inbox::Choice::default() };
    let page = inbox::chats(&pool, ann, &choice).await.unwrap();
    assert_eq!((page.items.len(), page.total), (3, Some(4)));
    assert!(page.items.iter().all(|chat| chat.newest.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn applying_a_batch_twice_changes_nothing() {
    let events = random_history(5, 200).await.events().await;
    let once = rows_after(events.chunks(20)).await;
    let twice = rows_after(events.chunks(20).flat_map(|batch| [batch, batch])).await;
    assert_same(&twice, &once);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_of_two_builds_and_the_other_takes_over() {
    let mut world = World::new().await;
    world.register("ann").await;
    let (first_stop, second_stop) = (CancellationToken::new(), CancellationToken::new());
    let (first, mut first_tasks) = start(&world.log, Uuid::new_v4(), &first_stop);
    assert!(first.reached(Progress::names(), 1, Duration::from_secs(30)).await);
    let other_node = Log::new(world.log.pool().clone(), world.log.keys().clone());
    let (second, mut second_tasks) = start(&other_node, Uuid::new_v4(), &second_stop);
    world.register("bob").await;
    assert!(second.reached(Progress::names(), 2, Duration::from_secs(30)).await);
    let owners: BTreeSet<Uuid> =
        sqlx::query_scalar("select distinct owner from subscriptions where owner is not null")
            .fetch_all(world.log.pool())
            .await
            .unwrap()
            .into_iter()
            .collect();
    assert_eq!(owners.len(), 1, "the second only watches");

    first_stop.cancel();
    while first_tasks.join_next().await.is_some() {}
    world.register("cyd").await;
    assert!(second.reached(Progress::names(), 3, Duration::from_secs(30)).await);
    second_stop.cancel();
    while second_tasks.join_next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_stops_its_read_models_loudly() {
    let mut world = World::new().await;
    world.register("ann").await;
    sqlx::query(
        "select * from append_events(null, array['conversation'], array[gen_random_uuid()::text], array[0::bigint],
             array[1::bigint], array[''], array[null]::text[], array[null]::bytea[], array[null]::bytea[],
             array[1], array[gen_random_uuid()], array['FromTheFuture'], array['1'],
             array['{\"type\":\"FromTheFuture\"}'], array['{}'],
             array[null]::bytea[], array[null]::uuid[], array[null]::text[])",
    )
    .execute(world.log.pool())
    .await
    .unwrap();
    let stop = CancellationToken::new();
    let (progress, mut tasks) = start(&world.log, Uuid::new_v4(), &stop);
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while progress.failures().len() < Progress::names().len() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap();
    for (name, why) in progress.failures() {
        assert!(why.contains("position 2"), "{name}: {why}");
        assert!(progress.position(&name) < 2, "{name} skipped it");
    }
    stop.cancel();
    while tasks.join_next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_built_anew() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let bob = world.register("bob").await;
    let room = world.room(&[ann, bob]).await;
    let pool = world.project().await;
    pool.execute(
        "update subscriptions set version = 0 where name = 'inbox'; delete from inbox.seats",
    )
    .await
    .unwrap();
    world.project().await;
    let id = inbox::number(pool, 1, room).await.unwrap().unwrap();
    let view = inbox::get(pool, 1, Viewer::User(ann), id, false).await.unwrap();
    assert_eq!(view.unwrap().members.len(), 2);
}
