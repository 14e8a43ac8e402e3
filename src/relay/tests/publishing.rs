use domain::Position;

use super::*;

#[tokio::test]
async fn message_n_is_event_n_with_its_headers() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(1000).await;
    relay.until("all are published", |status| status.position == Position::new(1000)).await;
    fixture.check().await;
    relay.stop().await;

    let event = &fixture.log.read(Position::new(6), 1).await.unwrap()[0];
    let message = fixture.stream().await.get_raw_message(7).await.unwrap();
    let prefix = &fixture.settings.subject_prefix;
    assert_eq!(message.subject.as_str(), format!("{prefix}.v1.1.directory.UserRegistered"));
    assert_eq!(message.payload, event.shown().unwrap().as_bytes());
    let header = |name: &str| message.headers.get(name).unwrap().as_str().to_owned();
    assert_eq!(header("ce-specversion"), "1.0");
    assert_eq!(header("ce-id"), event.event_id.to_string());
    assert_eq!(header("ce-source"), "/colloquy/1");
    assert_eq!(header("ce-type"), "colloquy.user.UserRegistered.v1");
    assert_eq!(header("ce-subject"), event.aggregate_id.to_string());
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        (header("Colloquy-Position"), header("Colloquy-Sequence")),
        ("7".into(), "1".into())
    );
    assert_eq!(header("Colloquy-Account-Position"), "7");
    assert!(header("traceparent").starts_with("00-0af7"));
    assert!(header("ce-time").parse::<chrono::DateTime<chrono::Utc>>().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_relays_one_leads_and_the_other_takes_over() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut one = fixture.relay();
    one.until("the first one leads", |status| status.leader && status.connected).await;
    let mut other = fixture.relay();
    fixture.append(500).await;
    one.until("all are published", |status| status.position == Position::new(500)).await;
    assert!(!other.status.borrow().leader);
    one.stop().await;
    fixture.append(500).await;
    other.until("the other one goes on", |status| status.position == Position::new(1000)).await;
    fixture.check().await;
}

#[tokio::test]
async fn the_stream_of_another_log_is_refused_loudly() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(5).await;
    relay.until("all are published", |status| status.position == Position::new(5)).await;
    relay.stop().await;
    // Another log, first shorter than the stream, then longer.
    let other =
        Fixture { settings: fixture.settings.clone(), ..Fixture::new(nats_url().await).await };
    let mut relay = other.relay();
    for (events, why) in [(3, "the log's head at 3"), (4, "is not event 5")] {
        other.append(events).await;
        relay.fails_because(why).await;
    }
    assert_eq!(fixture.stream().await.cached_info().state.last_sequence, 5);
}
