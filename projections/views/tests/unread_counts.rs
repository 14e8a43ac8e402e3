use domain::conversation::Command::{RemoveMember, RestoreConversation, TrashConversation};
use domain::conversation::Kind;
use domain::participation::ChangeCommand;
use domain::{AccountId, UserId};

use crate::tests::{World, create};
use crate::views::UnreadCounts;

const NONE: UnreadCounts = UnreadCounts { private: 0, room: 0, contextual: 0 };
const ONE_ROOM: UnreadCounts = UnreadCounts { room: 1, ..NONE };

async fn counts(world: &World, user: UserId) -> UnreadCounts {
    world.project().await.unread_counts(user).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_conversations_are_counted_by_kind_when_others_said_something() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let private = domain::private_chat_id(AccountId::FIRST, ann, bob, 0);
    world.tell(private, create(Kind::Private, &[ann, bob], None)).await;
    let contextual = domain::contextual_chat_id(AccountId::FIRST, "order-1", 0);
    world.tell(contextual, create(Kind::Contextual, &[ann, bob], Some("order-1"))).await;
    let room = world.room(&[ann, bob]).await;
    for conversation in [private, contextual, room] {
        world.say(conversation, ann, "hi").await;
    }
    assert_eq!(counts(&world, ann).await, NONE);
    let one_of_each = UnreadCounts { private: 1, room: 1, contextual: 1 };
    assert_eq!(counts(&world, bob).await, one_of_each);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_trashed_archived_or_muted_is_not_counted_until_it_comes_back() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let room = world.room(&[ann, bob]).await;
    world.say(room, ann, "hi").await;
    assert_eq!(counts(&world, bob).await, ONE_ROOM);

    world.tell(room, TrashConversation).await;
    assert_eq!(counts(&world, bob).await, NONE);
    world.tell(room, RestoreConversation).await;
    assert_eq!(counts(&world, bob).await, ONE_ROOM);

    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    for (away, back) in [
        (ChangeCommand::ArchiveConversation { at }, ChangeCommand::UnarchiveConversation),
        (ChangeCommand::MuteConversation { until: None }, ChangeCommand::UnmuteConversation),
    ] {
        world.change(room, bob, away).await;
        assert_eq!(counts(&world, bob).await, NONE);
        world.change(room, bob, back).await;
        assert_eq!(counts(&world, bob).await, ONE_ROOM);
    }

    world.tell(room, RemoveMember { user: bob }).await;
    assert_eq!(counts(&world, bob).await, NONE);
}
