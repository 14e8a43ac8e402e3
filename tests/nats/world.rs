//! An installation with a stream and a consumer, and things that are done to the stream.

use std::collections::BTreeMap;

use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::Stream;
use embedded::Nats;
use embedded::testing::{Folder, folder};
use futures::StreamExt;
use serde_json::json;

use crate::harness::{Installation, Server};

/// An installation with a broker of its own.
pub struct World {
    pub installation: Installation,
    pub broker: Option<Nats>,
    pub folder: Folder,
    /// The messages that a durable consumer received, by number.
    pub shown: BTreeMap<u64, String>,
}

const ERASED: u64 = 4;

impl World {
    /// Ten events are published, one of them erased; a consumer has read five.
    pub async fn new() -> (Self, Server) {
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

    pub async fn jetstream(&self) -> jetstream::Context {
        let nats = relay::NatsOptions::new(&self.installation.nats_url).unwrap();
        jetstream::new(nats.connect().await.unwrap())
    }

    pub async fn stream(&self) -> Stream {
        self.jetstream().await.get_stream(&self.installation.stream).await.unwrap()
    }

    pub async fn until_published(&self, last: u64) {
        let jetstream = self.jetstream().await;
        crate::faults::wait_for_stream(&jetstream, &self.installation.stream, last).await;
    }

    pub async fn read_up_to(&mut self, last: u64) {
        let jetstream = self.jetstream().await;
        let stream = jetstream.get_stream(&self.installation.stream).await.unwrap();
        let consumer: PullConsumer = stream.get_consumer("reader").await.unwrap();
        let mut reached = 0;
        while reached < last {
            // One at a time: messages that were fetched but not awaited would be redelivered only
            // later.
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

    pub async fn publish_foreign(&self) {
        let jetstream = self.jetstream().await;
        let subject = format!("{}.v1.1.directory.Foreign", self.installation.prefix);
        jetstream.publish(subject, "mine".into()).await.unwrap().await.unwrap();
    }

    /// Runs the verb without a terminal.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let (status, output, errors) =
            self.installation.run(&[&["replay", "nats"], arguments].concat());
        (status, output + &errors)
    }

    /// Repairs the stream; the consumer then reads it to the end.
    pub async fn is_repaired(&mut self, said: &str) {
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

    pub async fn log(&self) -> BTreeMap<u64, String> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("select position, event_id::text from events")
                .fetch_all(&self.installation.pool().await)
                .await
                .unwrap();
        rows.into_iter().map(|(position, id)| (position as u64, id)).collect()
    }

    pub async fn stop_broker(&mut self) -> u16 {
        let broker = self.broker.take().unwrap();
        let port = broker.port();
        broker.kill().await.unwrap();
        port
    }

    pub async fn start_broker(&mut self, port: u16) {
        self.broker = Some(Nats::start_on(&self.folder, Some(port)).await.unwrap());
    }
}
