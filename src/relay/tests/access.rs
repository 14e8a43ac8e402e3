//! Tests on a server that grants Colloquy and its readers no more than they need.

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull, push};
use async_nats::jetstream::context::GetStreamErrorKind;
use domain::Position;
use futures::{StreamExt, TryStreamExt};

use super::*;
use crate::access::{asked_by_readers, asked_by_readers_for_several, heard_by_readers, published};

/// Starts a server for this installation; the fixture uses Colloquy's own user.
async fn start(folder: &Path) -> (Nats, Fixture) {
    let mut fixture = Fixture::new(nats_url().await).await;
    let (prefix, stream) = (&fixture.settings.subject_prefix, &fixture.settings.stream);
    let access = Access {
        publish: published(prefix, stream),
        ask: asked_by_readers(stream),
        ask_for_several: asked_by_readers_for_several(stream),
        hear: heard_by_readers(prefix),
    };
    let nats = Nats::start_with(folder, None, &access, "").await.unwrap();
    fixture.settings.nats = NatsOptions::new(nats.url()).unwrap();
    (nats, fixture)
}

async fn reader(nats: &Nats) -> jetstream::Context {
    let client = NatsOptions::new(nats.reading_url()).unwrap().connect().await.unwrap();
    let mut reader = jetstream::new(client);
    reader.set_timeout(Duration::from_secs(2));
    reader
}

/// Waits until the server has processed all that the client sent before: it answers a later
/// request, even if only with "no such stream". A flush would only send.
async fn carried_out(client: &async_nats::Client, stream: &str) {
    let answer = jetstream::new(client.clone()).get_stream(stream).await;
    assert!(matches!(answer.unwrap_err().kind(), GetStreamErrorKind::JetStream(_)));
}

fn durable() -> pull::Config {
    pull::Config {
        durable_name: Some("reader".to_owned()),
        ack_policy: AckPolicy::Explicit,
        ..pull::Config::default()
    }
}

/// Reads and acknowledges the next messages of the durable consumer; returns their numbers.
async fn read(reader: &jetstream::Context, stream: &str, count: usize) -> Vec<u64> {
    let stream = reader.get_stream(stream).await.unwrap();
    let consumer: PullConsumer = stream.get_consumer("reader").await.unwrap();
    let messages: Vec<_> = consumer.messages().await.unwrap().take(count).collect().await;
    let mut sequences = Vec::new();
    for message in messages {
        let message = message.unwrap();
        message.double_ack().await.unwrap();
        sequences.push(message.info().unwrap().stream_sequence);
    }
    sequences
}

#[tokio::test]
async fn a_reader_reads_with_a_durable_consumer_and_the_relay_can_all_that_it_needs() {
    let folder = folder();
    let (nats, fixture) = start(&folder).await;
    let mut relay = fixture.relay();
    fixture.append(2).await;
    let room = fixture.create_room().await;
    relay.until("all are published", |status| status.position == Position::new(3)).await;
    fixture.stream().await.create_consumer(durable()).await.unwrap();
    let reader = reader(&nats).await;
    assert_eq!(read(&reader, &fixture.settings.stream, 3).await, [1, 2, 3]);
    fixture.delete_room(room).await;
    fixture.until_all_are_there_but(&[3]).await;
    assert_eq!(read(&reader, &fixture.settings.stream, 1).await, [4]);
}

#[tokio::test]
async fn a_reader_changes_nothing_in_the_stream() {
    let folder = folder();
    let (nats, fixture) = start(&folder).await;
    let mut relay = fixture.relay();
    fixture.append(3).await;
    relay.until("all are published", |status| status.position == Position::new(3)).await;
    let reader = reader(&nats).await;
    let (prefix, stream) = (&fixture.settings.subject_prefix, &fixture.settings.stream);

    let subject = format!("{prefix}.v1.1.directory.Foreign");
    let published = reader.publish(subject.clone(), "mine".into()).await.unwrap().await;
    assert!(published.is_err());
    assert!(reader.delete_stream(stream).await.is_err());
    let found = reader.get_stream(stream).await.unwrap();
    assert!(found.purge().await.is_err() && found.delete_message(1).await.is_err());
    // A reader can neither create nor delete consumers: a push consumer could send the stream to
    // Colloquy's own subjects.
    fixture.stream().await.create_consumer(durable()).await.unwrap();
    let pushing =
        push::Config { deliver_subject: format!("{prefix}.hint"), ..push::Config::default() };
    assert!(found.create_consumer(pushing).await.is_err());
    let pulling = pull::Config { durable_name: Some("other".to_owned()), ..durable() };
    assert!(found.create_consumer(pulling).await.is_err());
    assert!(found.delete_consumer("reader").await.is_err());
    let consumers: Vec<_> = found.consumer_names().try_collect().await.unwrap();
    assert_eq!(consumers, ["reader"]);
    // The server's response would become a message of the stream if it were sent to its subject.
    let client = reader.client();
    for asked in [format!("$JS.API.STREAM.INFO.{stream}"), "$JS.API.INFO".to_owned()] {
        client.publish_with_reply(asked, subject.clone(), "".into()).await.unwrap();
    }
    // All of it has been processed once a later request is answered.
    reader.get_stream(stream).await.unwrap();
    fixture.append(1).await;
    relay.until("it goes on", |status| status.position == Position::new(4)).await;
    fixture.check().await;
}

#[tokio::test]
async fn colloquy_itself_writes_to_nothing_but_its_own_subjects() {
    let folder = folder();
    let (nats, fixture) = start(&folder).await;
    let own = jetstream::new(fixture.settings.nats.connect().await.unwrap());
    let other = jetstream::stream::Config {
        name: "OTHER".to_owned(),
        subjects: vec!["other.>".to_owned()],
        ..Default::default()
    };
    let mut other = own.create_stream(other).await.unwrap();
    own.client().publish("other.1", "mine".into()).await.unwrap();
    own.client().flush().await.unwrap();
    assert_eq!(other.info().await.unwrap().state.messages, 0);
    drop(nats);
}

#[tokio::test]
async fn a_reader_hears_who_types_and_tells_nobody() {
    let folder = folder();
    let (nats, fixture) = start(&folder).await;
    let own = fixture.settings.nats.connect().await.unwrap();
    let reader = NatsOptions::new(nats.reading_url()).unwrap().connect().await.unwrap();
    let subject = format!("{}.typing.1.room", fixture.settings.subject_prefix);
    let mut heard = Vec::new();
    for client in [&own, &reader] {
        heard.push(client.subscribe(subject.clone()).await.unwrap());
        carried_out(client, &fixture.settings.stream).await;
    }
    // What a reader sends stays among readers.
    for (client, body) in [(&reader, "forged"), (&own, "told")] {
        client.publish(subject.clone(), body.into()).await.unwrap();
        carried_out(client, &fixture.settings.stream).await;
    }
    for (heard, bodies) in heard.iter_mut().zip([&["told"][..], &["forged", "told"]]) {
        for body in bodies {
            let message = tokio::time::timeout(Duration::from_secs(5), heard.next()).await;
            assert_eq!(message.unwrap().unwrap().payload, *body);
        }
    }
}
