use domain::conversation::Command::{RemoveMember, TrashConversation};
use domain::participation::ChangeCommand;
use domain::participation::Membership;
use embedded::testing::wait_until;
use serde_json::Value;

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

/// A change decided before its member left can be recorded after they came back.
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

/// The projector plans its statements while statistics say that the table is empty, and keeps the
/// plans.
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
    // A session reports its statistics when it ends.
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

/// A session plans the counting function's statements when they first run, which is for few rows.
#[tokio::test(flavor = "multi_thread")]
async fn counting_many_changes_takes_no_longer_than_making_them() {
    let world = World::new().await;
    world.project().await;
    let mut connection = world.pool().acquire().await.unwrap();
    for statement in [
        "insert into memberships
             (user_id, conversation, membership, kind, is_large, rank, changed_at, trashed,
              is_empty, unread)
         select md5((n % 50)::text)::uuid, md5(n::text)::uuid, n, 0, false, n, now(), false, false,
                false
         from generate_series(1, 3000) n",
        "update memberships set muted = true where rank = 1",
    ] {
        sqlx::query(statement).execute(&mut *connection).await.unwrap();
    }
    let all = "explain (analyze, format json) update memberships set muted = not muted";
    let plan: Value = sqlx::query_scalar(all).fetch_one(&mut *connection).await.unwrap();
    let counting_ms = plan[0]["Triggers"][0]["Time"].as_f64().unwrap();
    let making_ms = plan[0]["Execution Time"].as_f64().unwrap() - counting_ms;
    assert!(counting_ms < 5.0 * making_ms, "{counting_ms} ms, beside {making_ms}");
    let counted =
        "select sum(memberships)::bigint, sum(memberships) filter (where bucket & 4 > 0)::bigint
                   from membership_counts";
    let counted: (i64, i64) = sqlx::query_as(counted).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(counted, (3000, 2999));
}
