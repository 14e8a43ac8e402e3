use domain::conversation::Command::{RemoveMember, TrashConversation};
use domain::participation::ChangeCommand;
use domain::participation::Membership;
use embedded::testing::wait_until;

use crate::MODELS;
use crate::tests::{Node, World};

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
    let membership = Membership { conversation: room, user: bob, id: membership };
    assert!(world.change_as(membership, ChangeCommand::PinConversation).await);
    let views = world.project().await;
    let (_, state) = views.member_state(bob, room).await.unwrap().unwrap();
    assert!(state.membership > membership.id && state.pinned.is_none());
}

/// The plans of the projector's statements are made while the table is known to be empty, and kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_mark_looks_at_the_members_own_read_ranges_only() {
    const MEMBERS: usize = 60;
    let mut world = World::new().await;
    let mut members = Vec::new();
    for n in 0..MEMBERS {
        members.push(world.register(&format!("u{n}")).await);
    }
    let room = world.room(&members).await;
    world.project().await;
    sqlx::query("vacuum analyze read_ranges").execute(world.pool()).await.unwrap();
    let node = Node::start(&world.log, MODELS);
    let mut messages = Vec::new();
    for text in ["one", "two", "three"] {
        messages.push(world.say(room, members[0], text).await);
    }
    for message in messages {
        for member in &members {
            let read = ChangeCommand::MarkRead { message: Some(message) };
            assert!(world.change(room, *member, read).await);
            // Each in a batch of its own.
            node.wait_for(world.log.head().await.unwrap().get()).await;
        }
    }
    // What a session has counted is told when it ends.
    node.stop().await;
    let marks = 3 * MEMBERS as i64;
    let looked_at = async || -> (i64, i64) {
        sqlx::query_as(
            "select sum(idx_scan)::bigint, sum(idx_tup_read)::bigint
             from pg_stat_user_indexes
             where schemaname like 'memberships%' and relname = 'read_ranges'",
        )
        .fetch_one(world.pool())
        .await
        .unwrap()
    };
    wait_until("the looks are counted", || async { looked_at().await.0 >= marks }).await;
    let (_, ranges) = looked_at().await;
    assert!(ranges <= 8 * marks, "{ranges} ranges for {marks} marks");
}
