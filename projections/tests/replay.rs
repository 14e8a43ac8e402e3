//! Read models rebuilt from the log beside what is shown, to replace it or to be compared with it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use domain::Position;
use domain::conversation::Command::DeleteConversation;
use embedded::testing::wait_until;
use sqlx::Executor;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::node::Node;
use super::random::{History, random_history};
use super::remembering::answers;
use super::world::World;
use crate::projector::Standing;
use crate::replay::{Difference, Replay, Step, Verified};
use crate::{Error, Generation, MODELS, Model, conversations, memberships, messages};

/// So few bytes that a few events make a batch of their own.
pub(super) const TINY: usize = 300_000;

pub(super) fn replay(world: &World, memory_max: usize) -> Replay {
    let mut replay = Replay::new(world.log.clone(), Uuid::new_v4(), memory_max);
    replay.near = 10;
    replay
}

pub(super) async fn verify(world: &World) -> (Verified, Vec<Difference>) {
    let mut differences = Vec::new();
    let mut found = |difference| differences.push(difference);
    let verified = replay(world, TINY).verify(&[], None, &mut |_| {}, &mut found).await.unwrap();
    (verified, differences)
}

async fn schemas(world: &World) -> BTreeSet<String> {
    let found: Vec<String> = sqlx::query_scalar(
        "select nspname from pg_namespace where nspname !~ '^pg_|^public$|^information_schema$'",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    found.into_iter().collect()
}

/// Rows changed by hand are found, with the events that they derive from, and a rebuild repairs
/// them, in nodes' caches as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_planted_difference_is_found_and_a_rebuild_puts_it_right_on_every_node() {
    let mut history = History::begin(61).await;
    history.go_on_for(200).await;
    let world = &history.world;
    let head = world.log.head().await.unwrap();
    let (node, standby) = Node::two(world).await;
    let (verified, differences) = verify(world).await;
    assert_eq!((verified.position, verified.differences, differences), (head, 0, vec![]));
    assert!(verified.rows > 30, "{verified:?}");
    let before = answers(&node.views, &history.users, &history.rooms).await;

    let planted = "update conversations
                   set tags = '{planted}'
                   where uuid = (select min(uuid::text)::uuid from conversations);
                   delete from membership_counts
                   where bucket = (select max(bucket) from membership_counts
                                   where memberships > 0)";
    world.pool().execute(planted).await.unwrap();
    let (verified, differences) = verify(world).await;
    assert!(verified.differences >= 2, "{differences:?}");
    let tags = differences.iter().find(|one| one.table == "conversations").unwrap();
    let shown = tags.shown.as_ref().unwrap();
    assert_eq!(shown["tags"], serde_json::json!(["planted"]));
    assert_ne!(tags.rebuilt.as_ref().unwrap()["tags"], shown["tags"]);
    let of: Vec<String> = sqlx::query_scalar(
        "select distinct conversation_id::text from events where position = any($1)",
    )
    .bind(&tags.positions)
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert_eq!(of, [shown["uuid"].as_str().unwrap()]);
    let counts = differences.iter().find(|one| one.table == "membership_counts").unwrap();
    assert_eq!(counts.shown, None);

    let rebuilt = replay(world, TINY).rebuild(&[conversations::NAME], false, &mut |_| {}).await;
    assert_eq!(rebuilt.unwrap(), head);
    assert_eq!(verify(world).await.1, []);
    for node in [&node, &standby] {
        wait_until("the node has noticed", || async {
            answers(&node.views, &history.users, &history.rooms).await == before
        })
        .await;
    }
    let live = Generation::live().schemas().into_iter().collect();
    assert_eq!(schemas(world).await, live, "nothing is left behind");
    standby.stop().await;
    node.stop().await;
}

/// During a rebuild queries are answered as if nothing happened, and commands go on.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_notices_a_rebuild() {
    let mut world = World::new().await;
    let (ann, bob) = (world.register("ann").await, world.register("bob").await);
    let room = world.room(&[ann, bob]).await;
    world.say(room, ann, "first").await;
    let (node, standby) = Node::two(&world).await;
    static STOP: AtomicBool = AtomicBool::new(false);
    let mut readers = JoinSet::new();
    for views in [node.views.clone(), node.views.clone(), standby.views.clone()] {
        readers.spawn(async move {
            let mut looks = 0;
            while !STOP.load(Ordering::Relaxed) {
                // Answers from now on are at least as new as this position. Every event from the
                // fourth on is a message.
                let said = views.progress().position().get() - 3;
                let page = views.messages(room, false, 100, 0).await.unwrap();
                let total = page.total.unwrap();
                assert!(total >= said, "{total} messages, and {said} were shown");
                let items = page.items.len() as i64;
                assert!(items >= said.min(100), "{items} messages, and {said} were shown");
                let unread = views.unread_counts(bob).await.unwrap();
                assert_eq!(unread.room, 1);
                looks += 1;
            }
            looks
        });
    }
    let replay = replay(&world, TINY);
    let done = AtomicBool::new(false);
    let rebuilds = async {
        for names in [&[][..], &[messages::NAME], &[memberships::NAME]] {
            replay.rebuild(names, false, &mut |_| {}).await.unwrap();
        }
        done.store(true, Ordering::Relaxed);
    };
    let saying = async {
        let mut said = 1;
        while !done.load(Ordering::Relaxed) || said < 20 {
            world.say(room, ann, "more").await;
            said += 1;
        }
        said
    };
    let ((), said) = tokio::join!(rebuilds, saying);
    STOP.store(true, Ordering::Relaxed);
    while let Some(looks) = readers.join_next().await {
        assert!(looks.unwrap() > 5);
    }
    node.wait_for(world.log.head().await.unwrap()).await;
    assert_eq!(node.views.messages(room, false, 1, 0).await.unwrap().total, Some(said));
    assert_eq!(verify(&world).await.1, []);
    standby.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_goes_on_where_it_was() {
    let world = random_history(63, 1500).await;
    world.project().await;
    let head = world.log.head().await.unwrap();
    let (step, reached) = (AtomicI64::new(0), tokio::sync::Notify::new());
    let mut seen = |now| {
        if let Step::Filled { at, .. } = now
            && at > Position::START
        {
            step.store(at.get(), Ordering::Relaxed);
            reached.notify_one();
        }
    };
    let once = replay(&world, TINY);
    tokio::select! {
        _ = once.rebuild(&[], false, &mut seen) => panic!("it was quicker"),
        () = reached.notified() => {}
    }
    // The lease would expire by itself after six seconds.
    world
        .pool()
        .execute("update leases set owner = null where name like 'rebuild%'")
        .await
        .unwrap();
    let (first, rebuilt) = go_on(&world).await;
    assert_eq!(rebuilt, head);
    let at = Position::new(step.load(Ordering::Relaxed));
    assert!(first >= at && at > Position::START, "{first} after {at}");
    assert_eq!(verify(&world).await.1, []);
}

/// Rebuilds all models from where an interrupted run left them; returns the positions at which it
/// begins and ends.
async fn go_on(world: &World) -> (Position, Position) {
    let mut first = None;
    let mut report = |step| {
        if let Step::Filled { at, .. } = step {
            first.get_or_insert(at);
        }
    };
    let rebuilt = replay(world, TINY).rebuild(&[], false, &mut report).await;
    (first.unwrap(), rebuilt.unwrap())
}

/// One connection has committed what the other one has not.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_between_two_commits_goes_on_with_those_that_are_behind() {
    let world = random_history(70, 600).await;
    world.project().await;
    let head = world.log.head().await.unwrap();
    let next = Generation::live().next();
    let behind = next.schema(memberships::NAME);
    let positions = || async {
        let found = Standing::read(world.pool(), &next).await.unwrap().unwrap().positions;
        (found[messages::NAME], found[memberships::NAME])
    };
    let begun = tokio::sync::Notify::new();
    let mut seen = |_| begun.notify_one();
    let once = replay(&world, TINY);
    let holding = async {
        begun.notified().await;
        let mut held = world.pool().begin().await.unwrap();
        let lock = format!("lock table {behind}.memberships in access exclusive mode");
        held.execute(lock.as_str()).await.unwrap();
        wait_until("one waits and the other goes on", || async {
            let (ahead, behind) = positions().await;
            ahead > behind + 2
        })
        .await;
        held
    };
    let held = tokio::select! {
        _ = once.rebuild(&[], false, &mut seen) => panic!("it was quicker"),
        held = holding => held,
    };
    // The lease is lost before the waiting statement goes on, as if the process had been killed.
    let killed = "update leases set epoch = epoch + 1, owner = null where name like 'rebuild%'";
    world.pool().execute(killed).await.unwrap();
    held.rollback().await.unwrap();
    let (ahead, behind) = positions().await;
    assert!(ahead > behind, "{ahead} and {behind}");
    let (first, rebuilt) = go_on(&world).await;
    assert_eq!(rebuilt, head);
    assert!(first >= ahead, "{first} after {ahead}");
    assert_eq!(verify(&world).await.1, []);
}

/// As when the database does not answer for longer than a lease lasts.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_loses_its_lease_takes_it_again_and_goes_on() {
    let world = random_history(69, 1500).await;
    world.project().await;
    let head = world.log.head().await.unwrap();
    let (reached, mut positions) = (tokio::sync::Notify::new(), Vec::new());
    let mut seen = |now| {
        if let Step::Filled { at, .. } = now {
            positions.push(at);
            reached.notify_one();
        }
    };
    let replay = replay(&world, TINY);
    let losing = async {
        // The first report is the position that it starts from.
        reached.notified().await;
        reached.notified().await;
        let lost = "update leases set epoch = epoch + 1, owner = null where name like 'rebuild%'";
        world.pool().execute(lost).await.unwrap();
    };
    let (rebuilt, ()) = tokio::join!(replay.rebuild(&[], true, &mut seen), losing);
    assert_eq!(rebuilt.unwrap(), head);
    assert!(positions.is_sorted(), "it goes on where it was: {positions:?}");
    assert_eq!(verify(&world).await.1, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rebuilds_take_turns() {
    let world = random_history(64, 100).await;
    world.project().await;
    let (one, other) = (replay(&world, TINY), replay(&world, TINY));
    let (mut nobody, mut nobody_else) = (|_| {}, |_| {});
    let (one, other) = tokio::join!(
        one.rebuild(&[], false, &mut nobody),
        other.rebuild(&[messages::NAME], false, &mut nobody_else)
    );
    assert_eq!((one.unwrap(), other.unwrap()), {
        let head = world.log.head().await.unwrap();
        (head, head)
    });
    assert_eq!(verify(&world).await.1, []);
}

fn poisoned(changes: &crate::changes::Changes) -> Option<String> {
    let argument = (messages::MODEL.changes)(changes)?;
    Some(if argument.contains("poison") { "no JSON".to_owned() } else { argument })
}

/// A stopped model whose fold was fixed is rebuilt, and goes on with the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_model_is_rebuilt_and_goes_on_and_what_cannot_be_built_is_named() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let room = world.room(&[ann]).await;
    world.say(room, ann, "poison").await;
    world.say(room, ann, "more").await;
    let mut models: Vec<Model> = MODELS.to_vec();
    let faulty = models.iter_mut().find(|model| model.name == messages::NAME).unwrap();
    (faulty.changes, faulty.copied) = (poisoned, None);
    let node = Node::start(&world.log, &models[..]);
    let stopped = || async { node.views.progress().stopped().len() == 3 };
    wait_until("it is stopped", stopped).await;

    let with_the_fault = Generation::of(&models);
    let faulty = Replay::of(with_the_fault, world.log.clone(), Uuid::new_v4(), TINY);
    let refused = faulty.rebuild(&[messages::NAME], false, &mut |_| {}).await;
    assert!(
        matches!(refused, Err(Error::Refused { position, .. }) if position.get() == 3),
        "{refused:?}"
    );
    let mut found = |_| {};
    let refused = replay(&world, TINY).verify(&[], None, &mut |_| {}, &mut found).await;
    assert!(matches!(refused, Err(Error::Stopped { .. })), "{refused:?}");

    replay(&world, TINY).rebuild(&[messages::NAME], false, &mut |_| {}).await.unwrap();
    node.wait_for(4).await;
    wait_until("it goes on", || async { node.views.progress().stopped().is_empty() }).await;
    assert_eq!(node.views.messages(room, false, 25, 0).await.unwrap().total, Some(2));
    assert_eq!(verify(&world).await.1, []);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_conversations_are_the_same_when_they_are_built_again() {
    let mut history = History::begin(65).await;
    history.go_on_for(100).await;
    let room = history.rooms[2];
    assert!(history.world.tell(room, DeleteConversation).await);
    history.go_on_for(30).await;
    history.world.project().await;
    assert_eq!(verify(&history.world).await.1, []);
    let none = history.world.log.head().await.unwrap();
    assert_eq!(replay(&history.world, TINY).rebuild(&[], true, &mut |_| {}).await.unwrap(), none);
    assert_eq!(verify(&history.world).await.1, []);
}
