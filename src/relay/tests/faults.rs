//! Somebody else writes to the stream, or deletes from it, or takes it away; or the broker refuses.

use async_nats::jetstream::stream::{Config, StorageType};

use super::*;

impl Fixture {
    async fn jetstream(&self) -> jetstream::Context {
        jetstream::new(self.settings.nats.connect().await.unwrap())
    }

    /// What an operator is told.
    async fn findings(&self) -> Vec<Finding> {
        let client = self.settings.nats.connect().await.unwrap();
        check(&client, &self.settings, self.log.pool()).await.unwrap().findings
    }

    /// Waits until an operator is told that all is well.
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

    /// Waits until the stream has all positions but these.
    pub(super) async fn until_all_are_there_but(&self, erased: &[u64]) {
        let head = self.log.head().await.unwrap() as u64;
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

#[tokio::test]
async fn nothing_is_published_behind_a_message_that_is_not_the_logs() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(3).await;
    relay.until("all are published", |status| status.position == 3).await;

    let jetstream = fixture.jetstream().await;
    let subject = format!("{}.v1.foreign", fixture.settings.subject_prefix);
    jetstream.publish(subject, "mine".into()).await.unwrap().await.unwrap();
    relay.fails_because("it is at 4, the log's head at 3").await;
    assert_eq!(fixture.findings().await, [Finding::Ahead { last: 4, head: 3 }]);

    fixture.append(2).await;
    relay.fails_because("message 4 of the stream is not event 4 of the log").await;
    assert_eq!(fixture.findings().await, [Finding::Foreign { position: 4 }]);

    // Taken away, it leaves a number that was never event 4's.
    let stream = fixture.stream().await;
    stream.delete_message(4).await.unwrap();
    relay.fails_because("message 4 is missing").await;
    assert_eq!(fixture.findings().await, [Finding::Missing { position: 4 }]);
    stream.purge().await.unwrap();
    assert_eq!(fixture.findings().await, [Finding::Missing { position: 4 }]);
    // A relay that begins anew knows as much.
    relay.stop().await;
    let mut relay = fixture.relay();
    relay.fails_because("message 4 is missing").await;
    assert_eq!(fixture.stream().await.cached_info().state.last_sequence, 4);

    jetstream.delete_stream(&fixture.settings.stream).await.unwrap();
    relay.until("it goes on", |status| status.position == 5 && status.failure.is_none()).await;
    fixture.check().await;
    fixture.until_nothing_is_found().await;
}

/// Of two nodes, one at a time tries to publish; both say how that goes.
#[tokio::test]
async fn a_failure_is_told_by_all_nodes_and_cleared_on_all() {
    let fixture = Fixture::new(nats_url().await).await;
    fixture.append(1).await;
    let mut relays = [fixture.relay(), fixture.relay()];
    for relay in &mut relays {
        relay.until("it knows the position", |status| status.position == 1).await;
    }
    let subject = format!("{}.v1.foreign", fixture.settings.subject_prefix);
    let jetstream = fixture.jetstream().await;
    jetstream.publish(subject, "mine".into()).await.unwrap().await.unwrap();
    for relay in &mut relays {
        relay.fails_because("it is at 2, the log's head at 1").await;
    }
    jetstream.delete_stream(&fixture.settings.stream).await.unwrap();
    for relay in &mut relays {
        relay.until("it is over", |status| status.failure.is_none()).await;
    }
}

#[tokio::test]
async fn a_message_that_is_deleted_from_the_middle_is_noticed() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(5).await;
    relay.until("all are published", |status| status.position == 5).await;
    relay.stop().await;
    fixture.stream().await.delete_message(3).await.unwrap();
    fixture.relay().fails_because("message 3 is missing").await;
    assert_eq!(fixture.findings().await, [Finding::Missing { position: 3 }]);
}

#[tokio::test]
async fn the_oldest_messages_may_be_dropped_and_all_of_them() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(5).await;
    relay.until("all are published", |status| status.position == 5).await;
    relay.stop().await;
    for keep in [2, 0] {
        fixture.stream().await.purge().keep(keep).await.unwrap();
        let position = fixture.log.head().await.unwrap();
        let mut relay = fixture.relay();
        fixture.append(1).await;
        relay.until("it goes on", |status| status.position == position + 1).await;
        assert_eq!(fixture.findings().await, []);
        relay.stop().await;
    }
}

#[tokio::test]
async fn a_stream_deleted_while_nothing_is_written_is_filled_again() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    let room = fixture.create_room().await;
    fixture.delete_room(room).await;
    fixture.append(3).await;
    fixture.until_all_are_there_but(&[2]).await;
    fixture.jetstream().await.delete_stream(&fixture.settings.stream).await.unwrap();
    fixture.until_all_are_there_but(&[2]).await;
    relay.until("nothing fails", |status| status.failure.is_none()).await;
    fixture.until_nothing_is_found().await;
}

#[tokio::test]
async fn what_was_erased_is_erased_again_from_an_older_copy_of_the_stream() {
    let folder = folder();
    let broker = Nats::start(&folder).await.unwrap();
    let fixture = Fixture::new(broker.url().to_owned()).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    let room = fixture.create_room().await;
    relay.until("it is published", |status| status.position == 2).await;
    let broker = keep_copy(broker, &folder).await;
    fixture.append(3).await;
    fixture.delete_room(room).await;
    fixture.until_all_are_there_but(&[2]).await;
    relay.until("all are published", |status| status.position == 6).await;
    // Nothing is written any more.
    let _broker = put_copy_back(broker, &folder).await;
    fixture.until_all_are_there_but(&[2]).await;
    relay.until("nothing fails", |status| status.failure.is_none()).await;
}

/// The copy has all events, so that its last sequence tells nothing.
#[tokio::test]
async fn a_copy_from_just_before_an_erasure_is_noticed() {
    let folder = folder();
    let broker = Nats::start(&folder).await.unwrap();
    let fixture = Fixture::new(broker.url().to_owned()).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    let room = fixture.create_room().await;
    relay.until("it is published", |status| status.position == 2).await;
    relay.stop().await;
    fixture.delete_room(room).await;
    let event = &fixture.log.read(2, 1).await.unwrap()[0];
    let subject = message::subject(&fixture.settings.subject_prefix, event);
    let headers = message::headers(event, &fixture.settings.stream);
    let jetstream = fixture.jetstream().await;
    jetstream.publish_with_headers(subject, headers, "".into()).await.unwrap().await.unwrap();
    let broker = keep_copy(broker, &folder).await;
    let _relay = fixture.relay();
    fixture.until_all_are_there_but(&[2]).await;
    let _broker = put_copy_back(broker, &folder).await;
    fixture.until_all_are_there_but(&[2]).await;
}

#[tokio::test]
async fn erasing_that_is_refused_stops_nothing_and_is_told() {
    let fixture = Fixture::new(nats_url().await).await;
    let jetstream = fixture.jetstream().await;
    let config = Config {
        name: fixture.settings.stream.clone(),
        subjects: vec![fixture.settings.subjects()],
        storage: StorageType::Memory,
        deny_delete: true,
        ..Config::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let mut relay = fixture.relay();
    fixture.append(1).await;
    let room = fixture.create_room().await;
    fixture.delete_room(room).await;
    let said = "position 2 was not erased";
    let says_so = |why: &String| why.contains(said);
    relay.until(said, |status| status.erasing.as_ref().is_some_and(says_so)).await;
    fixture.append(3).await;
    relay.until("the others are published", |status| status.position == 6).await;
    assert_eq!(relay.status.borrow().failing().collect::<Vec<_>>(), ["relay erasure"]);
    let findings = fixture.findings().await.into_iter().map(|finding| finding.to_string());
    assert_eq!(
        findings.collect::<Vec<_>>(),
        [
            "storage of the stream is Memory: a restart of the server loses it, and it is \
             published again",
            "deny_delete of the stream is true: what is erased stays in it",
            "1 erased messages are still in the stream, message 2 before the others",
        ]
    );

    jetstream.delete_stream(&fixture.settings.stream).await.unwrap();
    relay.until("it is erased", |status| status.erasing.is_none()).await;
    fixture.until_all_are_there_but(&[2]).await;
}

#[tokio::test]
async fn an_event_that_does_not_open_stops_publishing_until_it_is_quarantined() {
    let fixture = Fixture::new(nats_url().await).await;
    fixture.append(1).await;
    fixture.create_room().await;
    sqlx::query("update event_keys set wrapped = 'changed' where position = 2")
        .execute(fixture.log.pool())
        .await
        .unwrap();
    let mut relay = fixture.relay();
    relay.fails_because("the event at position 2 cannot be told").await;
    fixture.append(1).await;
    assert!(fixture.stream().await.cached_info().state.last_sequence <= 1);

    event_store::quarantine(&fixture.log, 2, "root", "a test").await.unwrap();
    relay.until("it goes on", |status| status.position == 3 && status.failure.is_none()).await;
    fixture.check().await;
    let message = fixture.stream().await.get_raw_message(2).await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(told["type"], "ConversationCreated");
    assert_eq!(told["name"], event_store::UNREADABLE);
}

#[tokio::test]
async fn a_server_that_takes_too_little_is_named_before_the_first_large_event() {
    let folder = folder();
    let broker =
        Nats::start_with(&folder, None, &Access::default(), "max_payload: 65536\n").await.unwrap();
    let fixture = Fixture::new(broker.url().to_owned()).await;
    let mut relay = fixture.relay();
    relay
        .fails_because("max_payload of the NATS server is 65536 bytes, an event may take 1048576")
        .await;
    let (max_payload, needed) = (65_536, 1_048_576);
    assert_eq!(fixture.findings().await, [Finding::MaxPayload { max_payload, needed }]);
}

/// Where a block of its store ends, a broker of version 2.9 leaves messages out of its list of those that were deleted.
#[tokio::test]
async fn what_was_erased_counts_as_back_only_if_the_message_is_there() {
    // More than a block of 16 MiB.
    const ROOMS: i64 = 320;
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    let rooms = join_all((0..ROOMS).map(|_| fixture.create_large_room())).await;
    join_all(rooms.into_iter().map(|room| fixture.delete_room(room))).await;
    relay.until("all are published", |status| status.position == 1 + 2 * ROOMS).await;
    fixture.until_nothing_is_found().await;
    relay.stop().await;

    // It is deleted, and not yet noted.
    let unnoted: i64 = sqlx::query_scalar(
        "update nats_erasures set done_at = null
         where position = (select max(position) from nats_erasures)
         returning position",
    )
    .fetch_one(fixture.log.pool())
    .await
    .unwrap();
    let finding = Finding::NotErased { count: 1, first: unnoted };
    assert_eq!(fixture.findings().await, [finding]);
}
