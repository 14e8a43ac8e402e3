//! A raw publisher that expects no sequence numbers: events are read from the log and published,
//! many in flight.

use std::time::Instant;

use async_nats::{HeaderMap, jetstream};
use domain::Position;
use event_store::Log;
use futures::future::try_join_all;

pub const IN_FLIGHT_MAX: usize = 1000;

/// Publishes the first events of a log to a new stream; returns events per second.
pub async fn publish(log: &Log, events: i64, headers: &HeaderMap) -> f64 {
    let client = async_nats::connect(embedded::testing::nats_url().await).await.unwrap();
    let jetstream = jetstream::new(client);
    let name = embedded::testing::unique("raw");
    let config = jetstream::stream::Config {
        name: name.clone(),
        subjects: vec![format!("{name}.>")],
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let started = Instant::now();
    let mut position = 0;
    while position < events {
        let batch = log.read(Position::new(position), IN_FLIGHT_MAX as i64).await.unwrap();
        let mut acknowledgements = Vec::with_capacity(batch.len());
        for event in &batch {
            let subject = format!("{name}.v1.1.{}.{}", event.aggregate_id, event.event_type);
            let payload = event.payload.clone().into();
            let sent = match headers.is_empty() {
                true => jetstream.publish(subject, payload).await,
                false => jetstream.publish_with_headers(subject, headers.clone(), payload).await,
            };
            let sent = sent.unwrap();
            acknowledgements.push(sent.into_future());
        }
        try_join_all(acknowledgements).await.unwrap();
        position += batch.len() as i64;
    }
    position as f64 / started.elapsed().as_secs_f64()
}
