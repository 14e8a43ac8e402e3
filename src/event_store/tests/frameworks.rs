use cqrs_es::EventStore;
use cqrs_es::persist::PersistedEventStore;
use domain::conversation::{Conversation, Event};
use domain::user::{self, Profile, User};
use domain::{AccountId, Decider, Private};
use uuid::Uuid;

use super::{create, log, node, post, run};
use crate::StreamContext;

#[tokio::test]
async fn a_stream_of_ours_loads_through_stock_postgres_es() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    run(&commands, id, post("hello")).await.unwrap();
    let repository = postgres_es::PostgresEventRepository::new(log.pool().clone());
    let stock = PersistedEventStore::<_, Conversation>::new_event_store(repository);
    let theirs = stock.load_events(&id.to_string()).await.unwrap();
    let ours =
        EventStore::<Conversation>::load_events(commands.store(), &id.to_string()).await.unwrap();
    assert_eq!(theirs.len(), 2);
    // User-written text is encrypted, and stock postgres-es has no keys.
    let Event::MessagePosted { message, author, metadata, .. } = ours[1].payload.clone() else {
        panic!("{:?}", ours[1].payload);
    };
    let redacted = Event::MessagePosted {
        message,
        author,
        text: Private::Redacted,
        metadata,
        tags: Private::default(),
        support: None,
        content_attributes: None,
        source_id: None,
    };
    assert_eq!([&theirs[0].payload, &theirs[1].payload], [&ours[0].payload, &redacted]);
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs.metadata, ours.metadata);
        assert_eq!(theirs.sequence, ours.sequence);
    }
}

#[tokio::test]
async fn the_store_serves_cqrs_es_itself() {
    let (log, _) = log().await;
    let store = node(&log).store().clone();
    let framework = cqrs_es::CqrsFramework::<User, _>::new(store.clone(), vec![], ());
    let register =
        user::Command::RegisterUser { uid: "ann".to_owned(), profile: Profile::default() };
    let id = domain::user_id(AccountId::FIRST, "ann").to_string();
    framework.execute(&id, register.clone()).await.expect_err("it does not say whose it is");
    let metadata = [("account", "1"), ("actor", "ann")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    framework.execute_with_metadata(&id, register, metadata.into()).await.unwrap();
    let loaded: StreamContext<User> = store.load(&id).await.unwrap();
    assert_eq!((loaded.version, <User as Decider>::TYPE), (1, "user"));
}
