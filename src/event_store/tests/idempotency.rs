use domain::conversation::{Command, Conversation};
use domain::{AccountId, AccountPosition, ConversationId, Position};
use uuid::Uuid;

use super::{BOB, context, count, create, log, node, post, run, run_in};
use crate::{CommandError, Idempotency, Outcome};

#[tokio::test]
async fn an_idempotency_key_appends_once_and_tells_another_request_apart() {
    let (log, _) = log().await;
    let commands = node(&log);
    let key = |digest: u8| {
        context(Some(Idempotency { key: "k".to_owned(), request_digest: vec![digest] }))
    };
    let execute = async |digest: u8| {
        let id = Uuid::now_v7();
        commands.execute::<Conversation>(ConversationId::new(id), create(), &key(digest)).await
    };
    let first = execute(1).await.unwrap();
    let again = execute(1).await.unwrap();
    assert_eq!((again.aggregate_id, again.replayed), (first.aggregate_id, true));
    assert!(matches!(execute(2).await, Err(CommandError::KeyReused)));
    assert_eq!(count(log.pool()).await, 1);
}

#[tokio::test]
async fn a_key_of_a_command_that_changed_nothing_stands_for_that_ever_after() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let key = |request: u8| {
        let idempotency = Idempotency { key: "k".to_owned(), request_digest: vec![request] };
        context(Some(idempotency))
    };
    let execute = async |command, request| {
        commands.execute::<Conversation>(ConversationId::new(id), command, &key(request)).await
    };
    let restored = execute(Command::RestoreConversation, 1).await.unwrap();
    assert_eq!((restored.first, restored.replayed), (None, false));
    run(&commands, id, Command::TrashConversation).await.unwrap();
    assert!(execute(Command::RestoreConversation, 1).await.unwrap().replayed);
    assert_eq!(count(log.pool()).await, 2, "it is still in the trash");
    let other = execute(post("refused, it is in the trash"), 2).await;
    assert!(matches!(other, Err(CommandError::KeyReused)), "{other:?}");
}

#[tokio::test]
async fn idempotency_keys_are_kept_for_72_hours() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let idempotency = Idempotency { key: "k".to_owned(), request_digest: vec![1] };
    let post = async || {
        let context = context(Some(idempotency.clone()));
        commands
            .execute::<Conversation>(ConversationId::new(id), post("hi"), &context)
            .await
            .unwrap()
    };
    let age = async |age: &str| {
        let sql = format!("update idempotency_keys set claimed_at = now() - interval '{age}'");
        sqlx::query(&sql).execute(log.pool()).await.unwrap();
        crate::idempotency::prune(log.pool()).await.unwrap()
    };
    post().await;
    assert_eq!(age("71 hours 59 minutes").await, 0);
    assert!(post().await.replayed);
    assert_eq!(age("72 hours 1 minute").await, 1);
    assert!(!post().await.replayed);
}

#[tokio::test]
async fn a_key_that_stood_for_nothing_to_do_says_so_when_it_comes_again() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let key = || context(Some(Idempotency { key: "k".to_owned(), request_digest: vec![1] }));
    for replayed in [false, true] {
        let add = Command::AddMember { user: BOB };
        let outcome =
            commands.execute::<Conversation>(ConversationId::new(id), add, &key()).await.unwrap();
        assert_eq!((outcome.first, outcome.replayed), (None, replayed));
    }
    let replay = commands.replay(&key()).await.unwrap().unwrap();
    assert_eq!((replay.first, replay.replayed), (None, true));
    assert_eq!(count(log.pool()).await, 1);
}

#[tokio::test]
async fn a_replayed_key_tells_where_all_that_its_command_did_went() {
    let (log, _) = log().await;
    let commands = node(&log);
    run_in(&commands, AccountId::new(2), ConversationId::new(Uuid::now_v7()), create()).await;
    let key = context(Some(Idempotency { key: "k".to_owned(), request_digest: vec![1] }));
    let id = Uuid::now_v7();
    let both = || vec![create(), post("hello")];
    let first =
        commands.execute_all::<Conversation>(ConversationId::new(id), both(), &key).await.unwrap();
    assert_eq!((first.first, first.position), (Some(AccountPosition::new(1)), Position::new(3)));
    let again =
        commands.execute_all::<Conversation>(ConversationId::new(id), both(), &key).await.unwrap();
    assert_eq!(again, Outcome { replayed: true, ..first });
}
