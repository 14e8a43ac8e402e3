//! Tests on a real PostgreSQL and a real broker.

use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::stream::Stream;
use domain::conversation::{self, Conversation};
use domain::user::{Command, Profile, User};
use domain::{AccountId, ConversationId, UserId};
use embedded::testing::{Proxy, folder, nats_url, unique};
use embedded::{Access, Nats};
use event_store::{Commands, Context};
use futures::future::join_all;
use tokio::task::JoinHandle;

use super::*;

mod access;
mod erasure;
mod faults;
mod history;
mod outages;
mod publishing;
mod repair;

pub(crate) struct Fixture {
    pub(crate) log: Log,
    commands: Commands,
    settings: Settings,
}

/// A running relay.
struct Running {
    status: watch::Receiver<Status>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Fixture {
    pub(crate) async fn new(nats_url: String) -> Self {
        let log = event_store::testing::log().await;
        let name = unique("relay");
        Self {
            commands: Commands::start(
                log.clone(),
                &event_store::Settings::default(),
                CancellationToken::new(),
            ),
            log,
            settings: Settings {
                nats: NatsOptions::new(&nats_url).unwrap(),
                stream: name.to_uppercase(),
                subject_prefix: name,
                payload: Payload::Full,
                in_flight_max: 100,
                look_every: Duration::from_millis(100),
            },
        }
    }

    /// Appends events, many concurrently.
    pub(crate) async fn append(&self, count: usize) {
        let context = context();
        let commands = (0..count).map(|_| {
            let uid = unique("user");
            let id = domain::user_id(AccountId::FIRST, &uid);
            let command = Command::RegisterUser { uid, profile: Profile::default() };
            self.commands.execute::<User>(id, command, &context)
        });
        for outcome in join_all(commands).await {
            outcome.unwrap();
        }
    }

    /// Creates a room with a name: one event, with something to erase.
    async fn create_room(&self) -> Uuid {
        self.create(None).await
    }

    /// Creates a room whose event fills much of a block of the broker's store.
    async fn create_large_room(&self) -> Uuid {
        let filler = ("filler".to_owned(), "x".repeat(60_000).into());
        self.create(Some(serde_json::Map::from_iter([filler]))).await
    }

    async fn create(&self, metadata: Option<serde_json::Map<String, serde_json::Value>>) -> Uuid {
        let id = Uuid::new_v4();
        let create = conversation::Create {
            kind: conversation::Kind::Room,
            creator: None,
            members: vec![],
            uid: None,
            name: Some("a secret".into()),
            description: None,
            metadata,
            tags: vec![],
        };
        self.tell(id, conversation::Command::CreateConversation(create)).await;
        id
    }

    /// Erases a room: one event.
    async fn add_member(&self, room: Uuid) {
        let user = UserId::new(Uuid::now_v7());
        self.tell(room, conversation::Command::AddMember { user }).await;
    }

    async fn delete_room(&self, id: Uuid) {
        self.tell(id, conversation::Command::DeleteConversation).await;
    }

    async fn tell(&self, id: Uuid, command: conversation::Command) {
        self.commands
            .execute::<Conversation>(ConversationId::new(id), command, &context())
            .await
            .unwrap();
    }

    fn relay(&self) -> Running {
        let (sender, status) = watch::channel(Status::default());
        let stop = CancellationToken::new();
        // A node sees what others append by its own polling.
        let log = Log::new(self.log.pool().clone(), self.log.keys().clone());
        let relay = run(log, self.settings.clone(), Uuid::new_v4(), sender, stop.clone());
        Running { status, stop, task: tokio::spawn(relay) }
    }

    async fn stream(&self) -> Stream {
        let client = self.settings.nats.connect().await.unwrap();
        jetstream::new(client).get_stream(&self.settings.stream).await.unwrap()
    }

    /// Asserts that every event of the log is the message with its number, and that there is no
    /// other.
    async fn check(&self) {
        let stream = self.stream().await;
        let events = self.log.read(Position::START, 100_000).await.unwrap();
        let state = &stream.cached_info().state;
        let count = events.len() as u64;
        assert_eq!((state.first_sequence, state.last_sequence, state.messages), (1, count, count));
        for event in events {
            let message = stream.get_raw_message(event.position.get() as u64).await.unwrap();
            let id = message.headers.get("Nats-Msg-Id").unwrap().as_str();
            assert_eq!(id, event.event_id.to_string());
        }
    }

    async fn jetstream(&self) -> jetstream::Context {
        jetstream::new(self.settings.nats.connect().await.unwrap())
    }

    /// Publishes as the relay would, but with another payload.
    async fn publish_as(&self, position: i64, payload: &str) {
        let event = self.log.read(Position::new(position - 1), 1).await.unwrap().remove(0);
        let subject = message::subject(&self.settings.subject_prefix, &event);
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Nats-Msg-Id", event.event_id.to_string());
        message::fence(&mut headers, &self.settings.stream, position);
        let jetstream = self.jetstream().await;
        let sent = jetstream.publish_with_headers(subject, headers, payload.to_owned().into());
        sent.await.unwrap().await.unwrap();
    }

    /// What `check` reports to an operator.
    async fn findings(&self) -> Vec<Finding> {
        let client = self.settings.nats.connect().await.unwrap();
        check(&client, &self.settings, self.log.pool()).await.unwrap().findings
    }

    /// Waits until `check` finds nothing.
    async fn until_nothing_is_found(&self) {
        let mut findings = vec![];
        for _ in 0..400 {
            findings = self.findings().await;
            if findings.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("waited in vain: {findings:?}");
    }

    /// Waits until the stream has all positions except these.
    async fn until_all_are_there_but(&self, erased: &[u64]) {
        let head = self.log.head().await.unwrap().get() as u64;
        let jetstream = self.jetstream().await;
        let mut found = None;
        for _ in 0..400 {
            found = match jetstream.get_stream(&self.settings.stream).await {
                Ok(stream) => {
                    let info = stream.info_builder().with_deleted(true).fetch().await.unwrap();
                    Some((
                        info.info.state.last_sequence,
                        info.info.state.deleted.unwrap_or_default(),
                    ))
                }
                Err(_) => None,
            };
            if found.as_ref().is_some_and(|(last, gone)| *last == head && gone == erased) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("waited in vain for all up to {head} but {erased:?}: {found:?}");
    }
}

fn context() -> Context {
    let mut context = event_store::testing::context("Jürgen \"%\r\nNats-Rollup: all");
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    context.metadata.traceparent = Some(traceparent.to_owned());
    context
}

impl Running {
    async fn until(&mut self, what: &str, reached: impl FnMut(&Status) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(40), self.status.wait_for(reached));
        let found = waited.await.map(|status| status.is_ok());
        assert_eq!(found, Ok(true), "waited in vain: {what}, {:?}", self.status.borrow());
    }

    async fn fails_because(&mut self, why: &str) {
        let says_so = |failure: &String| failure.contains(why);
        self.until(why, |status| status.failure.as_ref().is_some_and(says_so)).await;
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Keeps a copy of the broker's store, and restarts the broker.
async fn keep_copy(broker: Nats, folder: &Path) -> Nats {
    let port = broker.port();
    broker.stop().await.unwrap();
    copy(&folder.join("nats"), &folder.join("old"));
    Nats::start_on(folder, Some(port)).await.unwrap()
}

/// Kills the broker, and restarts it on the copy.
async fn put_copy_back(broker: Nats, folder: &Path) -> Nats {
    let port = broker.port();
    broker.kill().await.unwrap();
    std::fs::remove_dir_all(folder.join("nats")).unwrap();
    std::fs::rename(folder.join("old"), folder.join("nats")).unwrap();
    Nats::start_on(folder, Some(port)).await.unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
