use domain::conversation::Command::{RemoveMember, RestoreConversation, TrashConversation};
use domain::conversation::Kind;
use domain::participation::ChangeCommand;

use super::{Badge, get};
use crate::tests::{World, create};

const NONE: Badge = Badge { private: 0, rooms: 0, chat: 0 };
const ONE_ROOM: Badge = Badge { private: 0, rooms: 1, chat: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_counts_by_kind_what_others_said() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let private = domain::private_chat_id(1, ann, bob, 0);
    world.tell(private, create(Kind::Private, &[ann, bob], None)).await;
    let contextual = domain::contextual_chat_id(1, "order-1", 0);
    world.tell(contextual, create(Kind::Contextual, &[ann, bob], Some("order-1"))).await;
    let room = world.room(&[ann, bob]).await;
    for conversation in [private, contextual, room] {
        world.say(conversation, ann, "hi").await;
    }
    let pool = world.project().await;
    assert_eq!(get(pool, ann).await.unwrap(), NONE);
    assert_eq!(get(pool, bob).await.unwrap(), Badge { private: 1, rooms: 1, chat: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_trashed_archived_or_muted_leaves_the_badge_and_comes_back() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let room = world.room(&[ann, bob]).await;
    world.say(room, ann, "hi").await;
    assert_eq!(get(world.project().await, bob).await.unwrap(), ONE_ROOM);

    world.tell(room, TrashConversation).await;
    assert_eq!(get(world.project().await, bob).await.unwrap(), NONE);
    world.tell(room, RestoreConversation).await;
    assert_eq!(get(world.project().await, bob).await.unwrap(), ONE_ROOM);

    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    for (away, back) in [
        (ChangeCommand::ArchiveConversation { at }, ChangeCommand::UnarchiveConversation),
        (ChangeCommand::MuteConversation { until: None }, ChangeCommand::UnmuteConversation),
    ] {
        world.change(room, bob, away).await;
        assert_eq!(get(world.project().await, bob).await.unwrap(), NONE);
        world.change(room, bob, back).await;
        assert_eq!(get(world.project().await, bob).await.unwrap(), ONE_ROOM);
    }

    world.tell(room, RemoveMember { user: bob }).await;
    assert_eq!(get(world.project().await, bob).await.unwrap(), NONE);
}
