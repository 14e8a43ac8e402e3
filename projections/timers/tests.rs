use std::time::Duration;

use domain::conversation::Command::{DeleteConversation, RemoveMember};
use domain::participation::ChangeCommand::{MuteConversation, PinConversation, UnmuteConversation};
use domain::participation::Membership;
use domain::{MembershipId, Position};

use super::Action;
use crate::tests::World;
use crate::views::Due;

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_with_an_end_is_due_at_its_end_and_only_the_last_one_counts() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let past = "2026-01-01T00:00:00Z".parse().unwrap();
    let future = "2999-01-01T00:00:00Z".parse().unwrap();
    let mute = |until| MuteConversation { until };
    let [ended, later, forever, unmuted] = [
        vec![mute(Some(future)), mute(Some(past))],
        vec![mute(Some(past)), mute(Some(future))],
        vec![mute(Some(past)), mute(None)],
        vec![mute(Some(past)), UnmuteConversation],
    ];
    let mut rooms = Vec::new();
    for changes in [ended, later, forever, unmuted] {
        let room = world.room(&[ann, bob]).await;
        for change in changes {
            assert!(world.change(room, ann, change).await);
        }
        rooms.push(room);
    }
    world.project().await;
    let timers = Due::find(world.pool(), 10).await.unwrap();
    let [timer] = &timers[..] else { panic!("{timers:?}") };
    assert_eq!(timer.stream, domain::participation_id(rooms[0], ann).get());
    let Action::EndMute { membership, until } = timer.action.0 else { panic!("{timer:?}") };
    let Membership { conversation, user, .. } = membership;
    assert_eq!((conversation, user, until), (rooms[0], ann, past));
    let events = world.log.read(Position::START, 1000).await.unwrap();
    let cause = events.iter().find(|event| event.event_id == timer.cause).unwrap();
    assert_eq!(cause.event_type, "ConversationMuted");
    assert_eq!(Due::next_in(world.pool()).await.unwrap(), Some(Duration::ZERO));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_goes_with_the_membership_and_with_the_conversation() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let until = Some("2999-01-01T00:00:00Z".parse().unwrap());
    let (left, deleted) = (world.room(&[ann, bob]).await, world.room(&[ann, bob]).await);
    for room in [left, deleted] {
        assert!(world.change(room, ann, MuteConversation { until }).await);
    }
    world.project().await;
    let next = Due::next_in(world.pool()).await.unwrap().unwrap();
    assert!(next > Duration::from_secs(3600));
    world.tell(left, RemoveMember { user: ann }).await;
    world.tell(deleted, DeleteConversation).await;
    world.project().await;
    assert_eq!(Due::next_in(world.pool()).await.unwrap(), None);
}

/// A mute that was decided before its member left can be recorded after they came back.
#[tokio::test(flavor = "multi_thread")]
async fn a_timer_of_an_ended_membership_goes_with_the_next_thing_the_member_does() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let room = world.room(&[ann]).await;
    let past = Some("2026-01-01T00:00:00Z".parse().unwrap());
    assert!(world.change(room, ann, MuteConversation { until: past }).await);
    world.project().await;
    assert_eq!(Due::find(world.pool(), 10).await.unwrap().len(), 1);
    let membership = world.membership(room, ann).await.unwrap();
    let membership = MembershipId::new(membership.get() + 100);
    let membership = Membership { conversation: room, user: ann, id: membership };
    assert!(world.change_as(membership, PinConversation).await);
    world.project().await;
    assert!(Due::find(world.pool(), 10).await.unwrap().is_empty());
}
