//! However long the texts of a log are, building read models takes no more memory than it is given.

use domain::conversation::{self, Conversation, Create};
use domain::user::{self, Profile, User};
use domain::{AccountId, ConversationId};
use event_store::testing::context;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::Installation;

const MIB: u64 = 1 << 20;
const ROOMS: usize = 15;
const MESSAGES_OF_EACH: usize = 20;
const CHARACTERS: usize = 20_000;

/// Which take several times their size on the way.
async fn append_long_texts(installation: &Installation) {
    let commands = installation.commands().await;
    let ann = domain::user_id(AccountId::FIRST, "ann");
    let register =
        user::Command::RegisterUser { uid: "ann".to_owned(), profile: Profile::default() };
    commands.execute::<User>(ann, register, &context("ann")).await.unwrap();
    let mut rooms = JoinSet::new();
    for _ in 0..ROOMS {
        let commands = commands.clone();
        rooms.spawn(async move {
            let room = ConversationId::new(Uuid::now_v7());
            let create = conversation::Command::CreateConversation(Create::room(ann, vec![ann]));
            commands.execute::<Conversation>(room, create, &context("ann")).await.unwrap();
            for _ in 0..MESSAGES_OF_EACH {
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

/// Beside what the program itself takes, which is measured with nothing to build. With more memory
/// the same log takes more than that: it is long enough to tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_takes_the_memory_that_it_is_given() {
    let installation = Installation::new().await;
    let peak = async |memory: &str| {
        let rebuild = ["replay", "projection", "--all", "--anew", "--memory", memory];
        installation.peak_memory(&rebuild).await / MIB
    };
    let base = peak("16").await;
    append_long_texts(&installation).await;
    let (little, much) = (peak("16").await, peak("1024").await);
    assert!(little < base + 16, "{little} MiB, of which {base} are the program");
    assert!(much > base + 16, "{much} MiB, of which {base} are the program");
}
