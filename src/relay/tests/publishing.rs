use std::collections::BTreeSet;

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
    assert_eq!(message.payload, event.reveal().unwrap().as_bytes());
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
    assert_eq!(header("ce-dataschema"), "urn:colloquy:event:UserRegistered:1");
    assert_eq!(header("Colloquy-Account"), "1");
    assert_eq!(header("Colloquy-Request-Id"), "test");
    // CloudEvents percent-encodes what a header cannot hold.
    let actor = "J%C3%BCrgen%20%22%25%0D%0ANats-Rollup:%20all";
    assert_eq!(header("Colloquy-Actor"), actor);
    for absent in ["Colloquy-Conversation", "Colloquy-Causation-Id", "Colloquy-Users"] {
        assert!(message.headers.get(absent).is_none(), "{absent}");
    }
}

/// A reader needs neither to fold the directory nor to look anything up.
#[tokio::test]
async fn a_message_names_its_conversation_and_the_users_in_it() {
    let fixture = Fixture::new(nats_url().await).await;
    let mut relay = fixture.relay();
    let mut context = context();
    context.metadata.causation_id = Some("cause".to_owned());
    let uids = ["ann", "bob, the = builder", &"☃".repeat(256)];
    let users = uids.map(|uid| domain::user_id(AccountId::FIRST, uid));
    for uid in uids {
        let id = domain::user_id(AccountId::FIRST, uid);
        let register = Command::RegisterUser { uid: uid.to_owned(), profile: Profile::default() };
        fixture.commands.execute::<User>(id, register, &context).await.unwrap();
    }
    let room = Uuid::new_v4();
    let create = conversation::Create {
        kind: conversation::Kind::Room,
        creator: Some(users[0]),
        members: users.to_vec(),
        uid: None,
        name: None,
        description: None,
        metadata: None,
        tags: vec![],
    };
    fixture.tell(room, conversation::Command::CreateConversation(create)).await;
    relay.until("all are published", |status| status.position == Position::new(4)).await;
    relay.stop().await;
    // Another relay has to look up what the first one learned from the events before.
    let mut relay = fixture.relay();
    for command in [
        conversation::Command::RemoveMember { user: users[1] },
        conversation::Command::TrashConversation,
    ] {
        fixture
            .commands
            .execute::<Conversation>(ConversationId::new(room), command, &context)
            .await
            .unwrap();
    }
    relay.until("all are published", |status| status.position == Position::new(6)).await;
    let stream = fixture.stream().await;
    let header = async |position: u64, name: &str| {
        let message = stream.get_raw_message(position).await.unwrap();
        message.headers.get(name).map(|value| value.as_str().to_owned())
    };
    for position in 4..=6 {
        let conversation = header(position, "Colloquy-Conversation").await;
        assert_eq!(conversation, Some(room.to_string()));
        assert_eq!(header(position, "Colloquy-Conversation-Number").await.as_deref(), Some("4"));
    }
    assert_eq!(header(5, "Colloquy-Causation-Id").await.as_deref(), Some("cause"));
    let snowmen = "%E2%98%83".repeat(256);
    let [ann, bob, snowman] = users;
    let bob = format!("{bob}=bob%2C%20the%20%3D%20builder");
    let named = header(4, "Colloquy-Users").await.unwrap();
    let all = [format!("{ann}=ann"), bob.clone(), format!("{snowman}={snowmen}")];
    assert_eq!(named.split(',').collect::<BTreeSet<_>>(), all.iter().map(|s| &**s).collect());
    assert_eq!(header(5, "Colloquy-Users").await, Some(bob));
}

#[tokio::test]
async fn what_a_message_says_is_the_operator_s_choice_and_what_was_erased_goes_in_any_case() {
    let said = async |payload| {
        let mut fixture = Fixture::new(nats_url().await).await;
        fixture.settings.payload = payload;
        let mut relay = fixture.relay();
        fixture.append(1).await;
        let room = fixture.create_room().await;
        relay.until("all are published", |status| status.position == Position::new(2)).await;
        let message = fixture.stream().await.get_raw_message(2).await.unwrap();
        let has_schema = message.headers.get("ce-dataschema").is_some();
        assert_eq!(has_schema, payload != Payload::Metadata);
        fixture.delete_room(room).await;
        fixture.until_all_are_there_but(&[2]).await;
        let client = fixture.settings.nats.connect().await.unwrap();
        let settings = Settings { payload: Payload::Full, ..fixture.settings.clone() };
        let whole = check_all(&client, &settings, &fixture.log, |_, _| {}).await.unwrap();
        assert!(whole.is_some_and(|whole| whole.is_right()), "changed settings are no difference");
        serde_json::from_slice::<serde_json::Value>(&message.payload).unwrap()
    };
    let all = |name: &str| {
        let kind = "ConversationCreated";
        serde_json::json!({"type": kind, "kind": "room", "members": [], "name": name})
    };
    assert_eq!(said(Payload::Full).await, all("a secret"));
    assert_eq!(said(Payload::Sealed).await, all("[sealed]"));
    let type_alone = serde_json::json!({"type": "ConversationCreated"});
    assert_eq!(said(Payload::Metadata).await, type_alone);
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
