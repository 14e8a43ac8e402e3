//! Another program writes to the stream, deletes from it, or deletes the stream; or the broker
//! refuses.

use domain::Position;

use super::*;

#[tokio::test]
async fn nothing_is_published_behind_a_message_that_is_not_the_logs() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(3).await;
    relay.until("all are published", |status| status.position == Position::new(3)).await;

    let jetstream = fixture.jetstream().await;
    let subject = format!("{}.v1.foreign", fixture.settings.subject_prefix);
    jetstream.publish(subject, "mine".into()).await.unwrap().await.unwrap();
    relay.fails_because("it is at 4, the log's head at 3").await;
    assert_eq!(
        fixture.findings().await,
        [Finding::Ahead { last: Position::new(4), head: Position::new(3) }]
    );

    fixture.append(2).await;
    relay.fails_because("message 4 of the stream is not event 4 of the log").await;
    assert_eq!(fixture.findings().await, [Finding::Foreign { position: Position::new(4) }]);

    // Deleted, the message leaves a number that was never event 4's.
    let stream = fixture.stream().await;
    stream.delete_message(4).await.unwrap();
    relay.fails_because("message 4 is missing").await;
    assert_eq!(fixture.findings().await, [Finding::Missing { position: Position::new(4) }]);
    stream.purge().await.unwrap();
    assert_eq!(fixture.findings().await, [Finding::Missing { position: Position::new(4) }]);
    // A relay that is started anew finds the same.
    relay.stop().await;
    let mut relay = fixture.relay();
    relay.fails_because("message 4 is missing").await;
    assert_eq!(fixture.stream().await.cached_info().state.last_sequence, 4);

    jetstream.delete_stream(&fixture.settings.stream).await.unwrap();
    relay
        .until("it goes on", |status| {
            status.position == Position::new(5) && status.failure.is_none()
        })
        .await;
    fixture.check().await;
    fixture.until_nothing_is_found().await;
}

/// Of two nodes, one at a time tries to publish; both report the outcome.
#[tokio::test]
async fn a_failure_is_told_by_all_nodes_and_cleared_on_all() {
    let fixture = Fixture::new(nats_url().await).await;
    fixture.append(1).await;
    let mut relays = [fixture.relay(), fixture.relay()];
    for relay in &mut relays {
        relay.until("it knows the position", |status| status.position == Position::new(1)).await;
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
    relay.until("all are published", |status| status.position == Position::new(5)).await;
    relay.stop().await;
    fixture.stream().await.delete_message(3).await.unwrap();
    fixture.relay().fails_because("message 3 is missing").await;
    assert_eq!(fixture.findings().await, [Finding::Missing { position: Position::new(3) }]);
}

#[tokio::test]
async fn the_oldest_messages_may_be_dropped_and_all_of_them() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(5).await;
    relay.until("all are published", |status| status.position == Position::new(5)).await;
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

    event_store::quarantine(&fixture.log, Position::new(2), "root", "a test").await.unwrap();
    relay
        .until("it goes on", |status| {
            status.position == Position::new(3) && status.failure.is_none()
        })
        .await;
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
