//! The whole stream is compared with the log and repaired, without a gap for any consumer.

use std::collections::BTreeMap;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::Config;
use embedded::testing::wait_until;
use futures::StreamExt;

use super::*;

/// A durable consumer, and the event ids that it has read, by number.
struct Reader<'a> {
    fixture: &'a Fixture,
    shown: BTreeMap<u64, String>,
}

impl<'a> Reader<'a> {
    async fn new(fixture: &'a Fixture) -> Self {
        let config = pull::Config {
            durable_name: Some("reader".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ..pull::Config::default()
        };
        fixture.stream().await.create_consumer(config).await.unwrap();
        Self { fixture, shown: BTreeMap::new() }
    }

    /// Reads `count` messages; returns the first one's number.
    async fn read(&mut self, count: usize) -> u64 {
        let stream = self.fixture.stream().await;
        let consumer: PullConsumer = stream.get_consumer("reader").await.unwrap();
        let mut messages = consumer.batch().max_messages(count).messages().await.unwrap();
        let mut first = None;
        while let Some(message) = messages.next().await {
            let message = message.unwrap();
            message.double_ack().await.unwrap();
            let number = message.info().unwrap().stream_sequence;
            let headers = message.headers.clone().unwrap_or_default();
            let id = headers.get("ce-id").map(ToString::to_string).unwrap_or_default();
            self.shown.insert(number, id);
            first.get_or_insert(number);
        }
        first.unwrap()
    }

    /// Asserts that it has read every event under its number, except what was erased before it got
    /// there.
    async fn has_seen_all_but(&self, erased: &[i64]) {
        let events = self.fixture.log.read(Position::START, 100_000).await.unwrap().into_iter();
        let events = events.filter(|event| !erased.contains(&event.position.get()));
        let expected =
            events.map(|event| (event.position.get() as u64, event.event_id.to_string()));
        assert_eq!(self.shown, expected.collect());
    }
}

impl Fixture {
    async fn whole(&self) -> Option<Whole> {
        let client = self.settings.nats.connect().await.unwrap();
        check_all(&client, &self.settings, &self.log, |_, _| {}).await.unwrap()
    }

    async fn differences(&self) -> Vec<Finding> {
        self.whole().await.unwrap().differences
    }

    /// Orders a repair, as the command does; returns the first wrong position.
    async fn order_repair(&self) -> i64 {
        let whole = self.whole().await.unwrap();
        let repair = Repair::of(&whole, &self.settings).unwrap();
        repair.order(self.log.pool()).await.unwrap();
        repair.wrong_position().get()
    }

    async fn until_repaired(&self) {
        wait_until("the stream is repaired", async || {
            !is_under_way(self.log.pool()).await.unwrap()
        })
        .await;
        wait_until("all is there", async || {
            let whole = self.whole().await;
            whole.is_some_and(|whole| whole.is_right() && whole.last == whole.head)
        })
        .await;
    }

    async fn publish_foreign(&self, subject: &str) {
        let subject = format!("{}.v1.{subject}", self.settings.subject_prefix);
        let jetstream = self.jetstream().await;
        jetstream.publish(subject, "mine".into()).await.unwrap().await.unwrap();
    }

    /// Publishes events, the third of which is erased.
    async fn with_an_erasure(&self, relay: &mut Running) {
        self.append(2).await;
        let room = self.create_room().await;
        self.append(2).await;
        self.delete_room(room).await;
        self.append(2).await;
        relay.until("all are published", |status| status.position == Position::new(8)).await;
        self.until_all_are_there_but(&[3]).await;
    }
}

#[tokio::test]
async fn a_stream_as_the_log_says_is_found_to_be_right() {
    let fixture = Fixture::new(nats_url().await).await;
    assert!(fixture.whole().await.is_none());
    let mut relay = fixture.relay();
    fixture.with_an_erasure(&mut relay).await;
    let whole = fixture.whole().await.unwrap();
    assert!(whole.is_right(), "{whole:?}");
    assert_eq!([whole.first, whole.last, whole.head].map(Position::get), [1, 8, 8]);
    assert_eq!(whole.erased, 1);
    // Without the key the text cannot be read, but does not count as changed.
    let log = Log::new(fixture.log.pool().clone(), event_store::Keys::none());
    fixture.create_room().await;
    relay.until("it is published", |status| status.position == Position::new(9)).await;
    let client = fixture.settings.nats.connect().await.unwrap();
    let whole = check_all(&client, &fixture.settings, &log, |_, _| {}).await.unwrap().unwrap();
    assert!(whole.is_right(), "{whole:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_missing_in_the_middle_is_there_again_for_everyone() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.with_an_erasure(&mut relay).await;
    let mut reader = Reader::new(&fixture).await;
    assert_eq!(reader.read(3).await, 1);
    fixture.stream().await.delete_message(6).await.unwrap();
    assert_eq!(fixture.differences().await, [Finding::Missing { position: Position::new(6) }]);
    assert_eq!(fixture.order_repair().await, 6);
    fixture.until_repaired().await;
    // The consumer resumes where it was.
    assert_eq!(reader.read(4).await, 5);
    reader.has_seen_all_but(&[3]).await;
    relay.until("nothing fails", |status| status.failure.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_read_behind_a_foreign_message_is_shown_it_all_again() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.with_an_erasure(&mut relay).await;
    let mut reader = Reader::new(&fixture).await;
    fixture.publish_foreign("foreign").await;
    reader.read(8).await;
    fixture.append(3).await;
    let found = fixture.differences().await;
    assert_eq!(found, [Finding::Foreign { position: Position::new(9) }]);
    assert_eq!(fixture.order_repair().await, 9);
    fixture.until_repaired().await;
    assert_eq!(reader.read(3).await, 9);
    reader.has_seen_all_but(&[3]).await;
}

#[tokio::test]
async fn a_message_that_says_something_else_under_an_event_s_id_is_found() {
    let fixture = Fixture::new(nats_url().await).await;
    let relay = fixture.relay();
    fixture.append(1).await;
    fixture.until_all_are_there_but(&[]).await;
    relay.stop().await;
    fixture.append(2).await;
    for position in [2, 3] {
        let event = fixture.log.read(Position::new(position - 1), 1).await.unwrap().remove(0);
        let payload = event.reveal().unwrap().replace("user_", "other_");
        fixture.publish_as(position, &payload).await;
    }
    let changed = [2, 3].map(|position| Finding::Changed { position: Position::new(position) });
    assert_eq!(fixture.differences().await, changed);
    fixture.order_repair().await;
    let _relay = fixture.relay();
    fixture.until_repaired().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_another_installation_is_replaced() {
    let other = Fixture::new(nats_url().await).await;
    let mut relay = other.relay();
    other.append(5).await;
    relay.until("all are published", |status| status.position == Position::new(5)).await;
    relay.stop().await;
    let fixture =
        Fixture { settings: other.settings.clone(), ..Fixture::new(nats_url().await).await };
    fixture.append(3).await;
    let found = fixture.differences().await;
    let foreign = [1, 2, 3].map(|position| Finding::Foreign { position: Position::new(position) });
    assert_eq!(found[..3], foreign);
    assert_eq!(found[3..], [Finding::Ahead { last: Position::new(5), head: Position::new(3) }]);
    assert_eq!(fixture.order_repair().await, 1);
    let _relay = fixture.relay();
    fixture.until_repaired().await;
    fixture.check().await;
}

/// A limit drops the oldest messages again, so they do not count as missing.
#[tokio::test(flavor = "multi_thread")]
async fn limits_and_other_settings_of_the_operator_stay() {
    let fixture = Fixture::new(nats_url().await).await;
    let config = Config {
        name: fixture.settings.stream.clone(),
        subjects: vec![fixture.settings.subjects()],
        max_messages: 6,
        description: Some("ours".to_owned()),
        deny_delete: true,
        ..Config::default()
    };
    fixture.jetstream().await.create_stream(config).await.unwrap();
    let mut relay = fixture.relay();
    fixture.append(10).await;
    relay.until("all are published", |status| status.position == Position::new(10)).await;
    let whole = fixture.whole().await.unwrap();
    assert_eq!((whole.first.get(), whole.differences.len(), whole.settings.len()), (5, 0, 1));
    assert_eq!(fixture.order_repair().await, 11);
    fixture.append(1).await;
    fixture.until_repaired().await;
    let stream = fixture.stream().await;
    let Config { max_messages, description, deny_delete, .. } = &stream.cached_info().config;
    assert_eq!((*max_messages, description.as_deref(), *deny_delete), (6, Some("ours"), false));
    assert_eq!(stream.cached_info().state.messages, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_purged_from_a_stream_without_limits_is_missing() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.with_an_erasure(&mut relay).await;
    let mut reader = Reader::new(&fixture).await;
    reader.read(1).await;
    fixture.stream().await.purge().keep(2).await.unwrap();
    assert_eq!(fixture.differences().await, [Finding::Missing { position: Position::new(1) }]);
    fixture.order_repair().await;
    fixture.until_repaired().await;
    assert_eq!(reader.read(7).await, 1);
    reader.has_seen_all_but(&[3]).await;
}

/// The leader is killed again and again, and the next one continues.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_is_interrupted_anywhere_is_finished_by_the_next_leader() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.with_an_erasure(&mut relay).await;
    fixture.append(500).await;
    relay.until("all are published", |status| status.position == Position::new(508)).await;
    let mut reader = Reader::new(&fixture).await;
    reader.read(200).await;
    fixture.stream().await.delete_message(100).await.unwrap();
    relay.task.abort();
    fixture.order_repair().await;
    for pause_ms in (0..400).step_by(40).chain([1000, 1050, 1100, 1200]) {
        let relay = fixture.relay();
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        relay.task.abort();
        Lease::revoke(fixture.log.pool(), NAME).await.unwrap();
    }
    // The repair is ordered once more, whatever state the stream is in.
    if let Some(whole) = fixture.whole().await
        && let Some(repair) = Repair::of(&whole, &fixture.settings)
    {
        repair.order(fixture.log.pool()).await.unwrap();
    }
    let _relay = fixture.relay();
    fixture.until_repaired().await;
    assert_eq!(reader.read(409).await, 100);
    reader.has_seen_all_but(&[3]).await;
}

/// Republished messages would stay for as long again under a limit on age.
#[tokio::test(flavor = "multi_thread")]
async fn what_limits_had_dropped_is_dropped_again() {
    let fixture = Fixture::new(nats_url().await).await;
    let config = Config {
        name: fixture.settings.stream.clone(),
        subjects: vec![fixture.settings.subjects()],
        max_age: Duration::from_secs(3600),
        ..Config::default()
    };
    fixture.jetstream().await.create_stream(config).await.unwrap();
    let mut relay = fixture.relay();
    fixture.append(10).await;
    relay.until("all are published", |status| status.position == Position::new(10)).await;
    fixture.stream().await.purge().sequence(5).await.unwrap();
    fixture.stream().await.delete_message(8).await.unwrap();
    let mut reader = Reader::new(&fixture).await;
    assert_eq!(reader.read(2).await, 5);
    assert_eq!(fixture.order_repair().await, 8);
    fixture.until_repaired().await;
    let state = fixture.stream().await.cached_info().state.clone();
    assert_eq!((state.first_sequence, state.last_sequence, state.messages), (5, 10, 6));
    assert_eq!(reader.read(4).await, 7);
    reader.has_seen_all_but(&[1, 2, 3, 4]).await;
    relay.until("nothing fails", |status| status.failure.is_none()).await;
}
