//! However long the texts of a log are, building read models takes the memory that it is given.

use std::process::{Command, Stdio};
use std::time::Duration;

use domain::conversation::{self, Conversation, Create};
use domain::user::{self, Profile, User};
use domain::{AccountId, ConversationId};
use event_store::testing::context;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::Installation;

const MIB: u64 = 1 << 20;
const MESSAGES: usize = 2_000;
const CHARACTERS: usize = 20_000;

/// A log of some 50 MB.
async fn long_texts(installation: &Installation) {
    let commands = installation.commands().await;
    let ann = domain::user_id(AccountId::FIRST, "ann");
    let register =
        user::Command::RegisterUser { uid: "ann".to_owned(), profile: Profile::default() };
    commands.execute::<User>(ann, register, &context("ann")).await.unwrap();
    let mut rooms = JoinSet::new();
    for _ in 0..20 {
        let commands = commands.clone();
        rooms.spawn(async move {
            let room = ConversationId::new(Uuid::now_v7());
            let create = conversation::Command::CreateConversation(Create::room(ann, vec![ann]));
            commands.execute::<Conversation>(room, create, &context("ann")).await.unwrap();
            for _ in 0..MESSAGES / 20 {
                let post = conversation::Command::PostMessage {
                    message: Uuid::now_v7().into(),
                    author: ann,
                    text: "x".repeat(CHARACTERS).as_str().into(),
                    metadata: None,
                    tags: vec![],
                };
                commands.execute::<Conversation>(room, post, &context("ann")).await.unwrap();
            }
        });
    }
    while let Some(room) = rooms.join_next().await {
        room.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_takes_the_memory_that_it_is_given() {
    let installation = Installation::new().await;
    let base = installation.peak_memory(&["replay", "projection", "--all"]).await;
    let begun = std::time::Instant::now();
    long_texts(&installation).await;
    println!("appended in {:?}", begun.elapsed());
    println!("base {} MiB", base / MIB);
    for memory in ["16", "32", "64", "256", "1024"] {
        let begun = std::time::Instant::now();
        let peak = installation.peak_memory(&["replay", "projection", "--all", "--anew", "--memory", memory]).await;
        println!("{memory}: {} MiB, {:?}", peak / MIB, begun.elapsed());
    }
    panic!("look");
}
