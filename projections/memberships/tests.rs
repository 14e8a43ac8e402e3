use domain::conversation::Command::{RemoveMember, TrashConversation};
use domain::participation::ChangeCommand;
use domain::participation::Seat;

use crate::tests::World;

#[tokio::test(flavor = "multi_thread")]
async fn memberships_are_those_of_the_conversations_that_one_is_in() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let cyd = world.register("cyd").await;
    let shared = world.room(&[ann, bob]).await;
    let foreign = world.room(&[bob, cyd]).await;
    let trashed = world.room(&[ann, cyd]).await;
    world.tell(trashed, TrashConversation).await;
    let views = world.project().await;
    let page = views.memberships(ann, None, None, 25, 0).await.unwrap();
    let found: Vec<_> = page.items.iter().map(|one| (one.conversation, one.user_id)).collect();
    let mut expected = [(shared, ann), (shared, bob)];
    expected.sort_by_key(|(_, user)| *user);
    assert_eq!((&found[..], page.total), (&expected[..], Some(2)));
    for (room, user, is_seen) in [(shared, bob, true), (foreign, cyd, false), (trashed, ann, false)]
    {
        let stream = domain::participation_id(room, user);
        assert_eq!(views.membership(ann, stream).await.unwrap().is_some(), is_seen);
    }
}

/// What was decided before its member left can be recorded after they came back.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_another_membership_changes_nothing() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let room = world.room(&[ann, bob]).await;
    let membership = world.membership(room, bob).await.unwrap();
    world.tell(room, RemoveMember { user: bob }).await;
    world.tell(room, domain::conversation::Command::AddMember { user: bob }).await;
    let seat = Seat { conversation: room, user: bob, membership };
    assert!(world.change_as(seat, ChangeCommand::PinConversation).await);
    let views = world.project().await;
    let (_, state) = views.member_state(bob, room).await.unwrap().unwrap();
    assert!(state.membership > membership && state.pinned.is_none());
}
