//! Erasures from the stream, which must stay erased.

use async_nats::jetstream::stream::{Config, StorageType};
use domain::Position;
use futures::{StreamExt, stream};

use super::*;

#[tokio::test]
async fn what_was_erased_is_erased_again_from_an_older_copy_of_the_stream() {
    let folder = folder();
    let broker = Nats::start(&folder).await.unwrap();
    let fixture = Fixture::new(broker.url().to_owned()).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    let room = fixture.create_room().await;
    relay.until("it is published", |status| status.position == Position::new(2)).await;
    let broker = keep_copy(broker, &folder).await;
    fixture.append(3).await;
    fixture.delete_room(room).await;
    fixture.until_all_are_there_but(&[2]).await;
    relay.until("all are published", |status| status.position == Position::new(6)).await;
    // Nothing is appended from here on.
    let _broker = put_copy_back(broker, &folder).await;
    fixture.until_all_are_there_but(&[2]).await;
    relay.until("nothing fails", |status| status.failure.is_none()).await;
}

#[tokio::test]
async fn of_an_erased_conversation_nothing_is_left_in_the_stream_but_that_it_was_deleted() {
    let fixture = Fixture::new(nats_url().await).await;
    let relay = fixture.relay();
    fixture.append(1).await;
    let (room, kept) = (fixture.create_room().await, fixture.create_room().await);
    fixture.add_member(room).await;
    fixture.add_member(kept).await;
    fixture.delete_room(room).await;
    fixture.until_all_are_there_but(&[2, 4]).await;
    fixture.until_nothing_is_found().await;
    relay.stop().await;

    // The relay ends between publishing and noting it.
    fixture.delete_room(kept).await;
    fixture.publish_as(7, "").await;
    let _relay = fixture.relay();
    fixture.until_all_are_there_but(&[2, 3, 4, 5]).await;
    fixture.until_nothing_is_found().await;
}

/// The copy has all events, so that its last sequence reveals nothing.
#[tokio::test]
async fn a_copy_from_just_before_an_erasure_is_noticed() {
    let folder = folder();
    let broker = Nats::start(&folder).await.unwrap();
    let fixture = Fixture::new(broker.url().to_owned()).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    let room = fixture.create_room().await;
    relay.until("it is published", |status| status.position == Position::new(2)).await;
    relay.stop().await;
    fixture.delete_room(room).await;
    fixture.publish_as(3, "").await;
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
    relay.until("the others are published", |status| status.position == Position::new(6)).await;
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

/// At the end of a block of its store, a broker of version 2.9 omits messages from its list of
/// deleted ones.
#[tokio::test]
async fn what_was_erased_counts_as_back_only_if_the_message_is_there() {
    // More than a block of 16 MiB.
    const ROOMS: i64 = 320;
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(1).await;
    // No more concurrently than there are connections.
    let rooms: Vec<Uuid> =
        stream::iter(0..ROOMS).map(|_| fixture.create_large_room()).buffered(8).collect().await;
    stream::iter(rooms).for_each_concurrent(8, |room| fixture.delete_room(room)).await;
    relay
        .until("all are published", |status| status.position == Position::new(1 + 2 * ROOMS))
        .await;
    fixture.until_nothing_is_found().await;
    relay.stop().await;

    // The message is deleted, but not yet recorded as erased.
    let unnoted: i64 = sqlx::query_scalar(
        "update nats_erasures set done_at = null
         where position = (select max(position) from nats_erasures)
         returning position",
    )
    .fetch_one(fixture.log.pool())
    .await
    .unwrap();
    let finding = Finding::NotErased { count: 1, first: Position::new(unnoted) };
    assert_eq!(fixture.findings().await, [finding]);
}
