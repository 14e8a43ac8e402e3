//! Publishing past events again for a new consumer.

use super::*;

impl Fixture {
    /// Copies into a separate stream.
    fn copying(&self, from: i64, to: i64) -> Copying {
        let prefix = format!("replay.{}", self.settings.subject_prefix);
        let stream = format!("{}_NEW", self.settings.stream);
        let [from, to] = [from, to].map(Position::new);
        Copying { stream, subject_prefix: prefix, from, to }
    }

    async fn copy(&self, copying: &Copying) -> Result<Copied, NotCopied> {
        let client = self.settings.nats.connect().await.unwrap();
        copying.run(&client, &self.settings, &self.log, |_| {}).await
    }

    /// The positions in the copy; asserts that each message is that event.
    async fn copied(&self, copying: &Copying) -> Vec<i64> {
        let jetstream = self.jetstream().await;
        let stream = jetstream.get_stream(&copying.stream).await.unwrap();
        let state = stream.cached_info().state.clone();
        let mut positions = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            let message = stream.get_raw_message(sequence).await.unwrap();
            let header = |name: &str| message.headers.get(name).unwrap().as_str().to_owned();
            let position = header("Colloquy-Position").parse().unwrap();
            let event = &self.log.read(Position::new(position - 1), 1).await.unwrap()[0];
            assert_eq!(header("ce-id"), event.event_id.to_string());
            let subject = message::subject(&copying.subject_prefix, event);
            assert_eq!(message.subject.as_str(), subject);
            positions.push(position);
        }
        positions
    }
}

#[tokio::test]
async fn history_goes_to_a_stream_of_its_own_with_what_was_erased_left_out() {
    let fixture = Fixture::new(nats_url().await).await;
    fixture.append(2).await;
    let room = fixture.create_room().await;
    fixture.create_room().await;
    fixture.delete_room(room).await;
    fixture.append(1).await;
    let copying = fixture.copying(2, 5);
    let copied = fixture.copy(&copying).await.unwrap();
    assert_eq!((copied.after.get(), copied.to.get()), (1, 5));
    assert_eq!(fixture.copied(&copying).await, [2, 3, 4, 5]);
    let stream = fixture.jetstream().await.get_stream(&copying.stream).await.unwrap();
    for (position, name) in [(3, "[erased]"), (4, "a secret")] {
        let number = (position - copied.ahead) as u64;
        let message = stream.get_raw_message(number).await.unwrap();
        let said: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
        assert_eq!(said["name"], name);
    }
}

#[tokio::test]
async fn it_goes_on_where_it_was_interrupted() {
    let mut fixture = Fixture::new(nats_url().await).await;
    fixture.settings.in_flight_max = 10;
    fixture.append(60).await;
    let copying = fixture.copying(11, 60);
    let client = fixture.settings.nats.connect().await.unwrap();
    for stop_after in [12, 25, 40] {
        // The run is dropped while messages are in flight.
        let (sender, mut reached) = watch::channel(Position::START);
        let progressed = |position| _ = sender.send_replace(position);
        tokio::select! {
            copied = copying.run(&client, &fixture.settings, &fixture.log, progressed) => {
                panic!("{copied:?}");
            }
            _ = reached.wait_for(|reached| reached.get() >= stop_after) => {}
        }
    }
    let copied = fixture.copy(&copying).await.unwrap();
    assert!(copied.after.get() >= 40 && copied.to.get() == 60, "{copied:?}");
    assert_eq!(fixture.copied(&copying).await, Vec::from_iter(11..=60));
    // Nothing is left to copy until more events are appended.
    assert_eq!(fixture.copy(&copying).await.unwrap().after.get(), 60);
    fixture.append(5).await;
    let further = fixture.copying(11, 65);
    assert_eq!(fixture.copy(&further).await.unwrap().after.get(), 60);
    assert_eq!(fixture.copied(&further).await, Vec::from_iter(11..=65));
}

#[tokio::test]
async fn what_is_not_for_it_is_left_alone() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    fixture.append(3).await;
    relay.until("all are published", |status| status.position == Position::new(3)).await;
    let good = fixture.copying(2, 3);
    let own = &fixture.settings;
    for (wrong, why) in [
        (Copying { stream: own.stream.clone(), ..good.clone() }, "is the installation's own"),
        (
            Copying { subject_prefix: own.subject_prefix.clone(), ..good.clone() },
            "is the installation's own",
        ),
        (
            Copying { subject_prefix: format!("{}.v1", own.subject_prefix), ..good.clone() },
            "is the installation's own",
        ),
    ] {
        let refused = fixture.copy(&wrong).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    fixture.check().await;

    fixture.copy(&good).await.unwrap();
    for (wrong, why) in [
        (Copying { from: Position::new(1), ..good.clone() }, "begins with position 2"),
        (Copying { subject_prefix: "replay.other".to_owned(), ..good.clone() }, "holds replay."),
    ] {
        let refused = fixture.copy(&wrong).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    let jetstream = fixture.jetstream().await;
    let subject = format!("{}.v1.foreign", good.subject_prefix);
    jetstream.publish(subject, "mine".into()).await.unwrap().await.unwrap();
    let refused = fixture.copy(&good).await.unwrap_err().to_string();
    assert!(refused.contains("that is no event here"), "{refused}");
}
