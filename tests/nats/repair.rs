//! Whatever is done to the stream, `replay nats --repair` makes it right, and who reads it misses nothing.

use std::collections::BTreeMap;
use std::path::Path;

use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::Stream;
use embedded::Nats;
use embedded::testing::{Folder, folder};
use futures::StreamExt;
use serde_json::json;

use crate::harness::{Installation, Server};

/// An installation with a broker of its own.
struct World {
    installation: Installation,
    broker: Option<Nats>,
    folder: Folder,
    /// What a durable consumer was shown, by number.
    shown: BTreeMap<u64, String>,
}

const ERASED: u64 = 4;

impl World {
    /// Ten events are published, one of them erased; a consumer has read five.
    async fn new() -> (Self, Server) {
        let folder = folder();
        let broker = Nats::start(&folder).await.unwrap();
        let installation =
            Installation { nats_url: broker.url().to_owned(), ..Installation::new().await };
        let server = installation.start();
        let mut world = Self { installation, broker: Some(broker), folder, shown: BTreeMap::new() };
        let (ann, bob) = (server.caller("ann"), server.caller("bob"));
        bob.arrive().await;
        let chat = ann.create(json!(["bob"])).await;
        let first = ann.say(&chat, "to be deleted").await;
        for n in 0..3 {
            ann.say(&chat, &format!("message {n}")).await;
        }
        world.until_published(7).await;
        let config = pull::Config {
            durable_name: Some("reader".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ..pull::Config::default()
        };
        world.stream().await.create_consumer(config).await.unwrap();
        world.read_up_to(5).await;
        ann.delete(&format!("/api/messages/{first}")).await.expect(204);
        for n in 3..5 {
            ann.say(&chat, &format!("message {n}")).await;
        }
        world.until_published(10).await;
        (world, server)
    }

    async fn jetstream(&self) -> jetstream::Context {
        let nats = relay::NatsOptions::new(&self.installation.nats_url).unwrap();
        jetstream::new(nats.connect().await.unwrap())
    }

    async fn stream(&self) -> Stream {
        self.jetstream().await.get_stream(&self.installation.stream).await.unwrap()
    }

    async fn until_published(&self, last: u64) {
        let jetstream = self.jetstream().await;
        crate::faults::wait_for_stream(&jetstream, &self.installation.stream, last).await;
    }

    async fn read_up_to(&mut self, last: u64) {
        let jetstream = self.jetstream().await;
        let stream = jetstream.get_stream(&self.installation.stream).await.unwrap();
        let consumer: PullConsumer = stream.get_consumer("reader").await.unwrap();
        let mut reached = 0;
        while reached < last {
            // One at a time: what was asked for and not waited for would come again only later.
            let mut asked = consumer.batch().max_messages(1).messages().await.unwrap();
            let Some(message) = asked.next().await else { continue };
            let message = message.unwrap();
            reached = message.info().unwrap().stream_sequence;
            let headers = message.headers.clone().unwrap_or_default();
            let id = headers.get("ce-id").map(ToString::to_string).unwrap_or_default();
            self.shown.insert(reached, id);
            message.double_ack().await.unwrap();
        }
    }

    /// As the verbs do, with nobody at a terminal.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let (status, output, errors) =
            self.installation.run(&[&["replay", "nats"], arguments].concat());
        (status, output + &errors)
    }

    /// It is repaired, and the consumer goes on to the end.
    async fn is_repaired(&mut self, said: &str) {
        let (status, output) = self.run(&["--repair", "--yes"]);
        assert_eq!(status, Some(0), "{output}");
        assert!(output.contains(said), "{said}: {output}");
        let (status, output) = self.run(&["--check"]);
        assert_eq!(status, Some(0), "{output}");
        let head = self.log().await;
        self.read_up_to(*head.keys().next_back().unwrap()).await;
        let mut expected = head;
        if !self.shown.contains_key(&ERASED) {
            expected.remove(&ERASED);
        }
        assert_eq!(self.shown, expected);
    }

    async fn log(&self) -> BTreeMap<u64, String> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("select position, event_id::text from events")
                .fetch_all(&self.installation.pool().await)
                .await
                .unwrap();
        rows.into_iter().map(|(position, id)| (position as u64, id)).collect()
    }

    async fn stop_broker(&mut self) -> u16 {
        let broker = self.broker.take().unwrap();
        let port = broker.port();
        broker.kill().await.unwrap();
        port
    }

    async fn start_broker(&mut self, port: u16) {
        self.broker = Some(Nats::start_on(&self.folder, Some(port)).await.unwrap());
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_message_beside_a_running_server_and_without_one() {
    for with_server in [true, false] {
        let (mut world, server) = World::new().await;
        let server = Some(server).filter(|_| with_server);
        let jetstream = world.jetstream().await;
        let subject = format!("{}.v1.1.directory.Foreign", world.installation.prefix);
        jetstream.publish(subject, "mine".into()).await.unwrap().await.unwrap();
        world.read_up_to(11).await;
        if let Some(server) = &server {
            server.caller("carl").arrive().await;
        } else {
            world.installation.start().caller("carl").arrive().await;
        }
        let (status, output) = world.run(&["--check"]);
        assert_eq!(status, Some(3), "{output}");
        assert!(output.contains("message 11 of the stream is not event 11 of the log"), "{output}");
        let (status, output) = world.run(&["--repair"]);
        assert_eq!(status, Some(2), "nobody was asked: {output}");
        world.is_repaired("its consumer reader goes back from message 12 to 11").await;
        if let Some(server) = &server {
            crate::faults::stream::becomes(&server.caller("ann"), "ready\n").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_were_deleted_or_purged() {
    for (deleted, kept, said) in [
        (&[9, 10][..], None, "message 9 is missing from the stream"),
        (&[5], None, "message 5 is missing from the stream"),
        (&[], Some(3), "message 1 is missing from the stream"),
    ] {
        let (mut world, server) = World::new().await;
        let stream = world.stream().await;
        for sequence in deleted.iter() {
            stream.delete_message(*sequence).await.unwrap();
        }
        if let Some(keep) = kept {
            stream.purge().keep(keep).await.unwrap();
        }
        let (status, output) = world.run(&["--check"]);
        assert!(status == Some(3) && output.contains(said), "{output}");
        world.is_repaired("its consumer reader goes ").await;
        server.caller("carl").arrive().await;
        world.until_published(11).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_deleted() {
    let (mut world, server) = World::new().await;
    server.kill();
    world.jetstream().await.delete_stream(&world.installation.stream).await.unwrap();
    let (status, output) = world.run(&["--check"]);
    assert!(status == Some(3) && output.contains("there is no such stream"), "{output}");
    let (status, output) = world.run(&["--repair", "--yes"]);
    assert_eq!(status, Some(0), "{output}");
    let (status, output) = world.run(&["--check"]);
    assert_eq!(status, Some(0), "{output}");
    // Its consumers went with it: who keeps its own place makes another there.
    let config = pull::Config {
        durable_name: Some("reader".to_owned()),
        deliver_policy: jetstream::consumer::DeliverPolicy::ByStartSequence { start_sequence: 6 },
        ..pull::Config::default()
    };
    world.stream().await.create_consumer(config).await.unwrap();
    world.is_repaired("nothing is to be done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_the_store_that_is_put_back() {
    let (mut world, server) = World::new().await;
    server.kill();
    let port = world.stop_broker().await;
    let (store, old) = (world.folder.join("nats"), world.folder.join("old"));
    copy(&store, &old);
    world.start_broker(port).await;
    let server = world.installation.start();
    let ann = server.caller("ann");
    let chats = ann.get("/api/conversations").await.expect(200);
    let message = ann.say(&chats["data"][0], "to be deleted, too").await;
    ann.delete(&format!("/api/messages/{message}")).await.expect(204);
    world.until_published(12).await;
    server.kill();
    world.stop_broker().await;
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::rename(&old, &store).unwrap();
    world.start_broker(port).await;
    // The message that was deleted is not there: it comes without its text, and goes.
    let (status, output) = world.run(&["--check"]);
    assert!(status == Some(0) && output.contains("2 events are not published yet"), "{output}");
    let (status, output) = world.run(&["--repair", "--yes"]);
    assert!(status == Some(0) && output.contains("2 of them erased"), "{output}");
    let (status, output) = world.run(&["--check"]);
    assert_eq!(status, Some(0), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_another_installation() {
    let (world, server) = World::new().await;
    server.kill();
    let other = Installation {
        nats_url: world.installation.nats_url.clone(),
        stream: world.installation.stream.clone(),
        prefix: world.installation.prefix.clone(),
        ..Installation::new().await
    };
    let server = other.start();
    server.caller("dora").arrive().await;
    let other = World { installation: other, shown: BTreeMap::new(), ..world };
    let (status, output) = other.run(&["--check"]);
    assert!(status == Some(3) && output.contains("message 1 of the stream is not"), "{output}");
    let (mut other, said) = (other, "a stream of another installation is lost by that");
    other.is_repaired(said).await;
}
