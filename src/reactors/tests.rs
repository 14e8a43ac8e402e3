//! Tests on a real PostgreSQL, with running read models.

use domain::AccountId;
use domain::conversation::support::{CreateSupport, Opening, Status};
use domain::conversation::{Create, Kind};
use domain::participation::{Command, Membership};
use event_store::{Keys, Log, RecordedEvent, Settings};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;

use super::*;

/// One node: its own caches and leases, and a database that it shares with the others.
struct Node {
    commands: Commands,
    progress: Progress,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Node {
    fn start(pool: &PgPool, keys: &Keys, reacts: bool) -> Self {
        let (log, stop) = (Log::new(pool.clone(), keys.clone()), CancellationToken::new());
        let commands = Commands::start(log.clone(), &Settings::default(), stop.clone());
        let node = Uuid::new_v4();
        let options = (*pool.connect_options()).clone();
        let memory = projections::Memory::start(&PgPoolOptions::new().connect_lazy_with(options));
        let mut tasks = projections::start(&log, &memory, node, &stop);
        let progress = memory.progress().clone();
        if reacts {
            tasks.spawn(run(commands.clone(), progress.clone(), node, stop.clone()));
        }
        Self { commands, progress, stop, tasks }
    }

    async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    async fn events(&self) -> Vec<RecordedEvent> {
        self.commands.log().read(Position::START, 100_000).await.unwrap()
    }

    /// The events of a type, once there are `count` of them and the timers have caught up.
    async fn wait_for(&self, event_type: &str, count: usize) -> Vec<RecordedEvent> {
        let found = async {
            loop {
                let mut events = self.events().await;
                let head = events.last().map_or(Position::START, |event| event.position);
                events.retain(|event| event.event_type == event_type);
                if events.len() >= count {
                    assert!(self.progress.wait_for(Position::new(head.get()), PATIENCE).await);
                    return events;
                }
                self.commands.log().changed_after(Position::new(head.get())).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.unwrap()
    }
}

fn context() -> Context {
    let mut context = event_store::testing::context("ann");
    context.metadata.account = AccountId::new(7);
    context
}

/// Creates rooms with one member each.
async fn rooms(node: &Node, count: usize) -> Vec<Membership> {
    let user = domain::user_id(AccountId::new(7), "ann");
    let mut memberships = Vec::new();
    for _ in 0..count {
        let conversation = Uuid::now_v7().into();
        let create = conversation::Command::CreateConversation(Create {
            kind: Kind::Room,
            creator: Some(user),
            members: vec![],
            uid: None,
            name: None,
            description: None,
            metadata: None,
            tags: vec![],
        });
        let context = context();
        let made = node.commands.execute::<Conversation>(conversation, create, &context);
        let membership = made.await.unwrap().first.unwrap().into();
        memberships.push(Membership { conversation, user, id: membership });
    }
    memberships
}

async fn change(node: &Node, membership: Membership, change: ChangeCommand) {
    let stream = domain::participation_id(membership.conversation, membership.user);
    let command = Command { membership, change };
    node.commands.execute::<Participation>(stream, command, &context()).await.unwrap();
}

/// Creates a support conversation that is snoozed until then.
async fn snoozed(node: &Node, until: DateTime<Utc>) -> Uuid {
    let id = Uuid::now_v7();
    let opening = Opening {
        inbox: Uuid::nil().into(),
        contact: Uuid::nil().into(),
        link: id.into(),
        status: Status::Snoozed,
        snoozed_until: Some(until),
        priority: None,
        assignee: None,
        team: None,
    };
    let create = conversation::Command::CreateSupport(Box::new(CreateSupport {
        creator: None,
        opening,
        source_id: "src-1".into(),
        additional_attributes: Default::default(),
        custom_attributes: Default::default(),
    }));
    node.commands.execute::<Conversation>(id.into(), create, &context()).await.unwrap();
    id
}

fn in_ms(milliseconds: i64) -> DateTime<Utc> {
    Utc::now() + chrono::TimeDelta::milliseconds(milliseconds)
}

async fn database() -> (PgPool, Keys) {
    let log = event_store::testing::log().await;
    (log.pool().clone(), log.keys().clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_ends_at_its_time_and_the_event_tells_why() {
    let (pool, keys) = database().await;
    let node = Node::start(&pool, &keys, true);
    let membership = rooms(&node, 1).await[0];
    let until = in_ms(300);
    change(&node, membership, ChangeCommand::MuteConversation { until: Some(until) }).await;
    let ended = node.wait_for("ConversationUnmuted", 1).await.remove(0);
    assert!(ended.recorded_at >= until);
    let muted = node.wait_for("ConversationMuted", 1).await.remove(0);
    let value = |key| ended.metadata_value(key).unwrap_or_default();
    assert_eq!(
        [value("surface"), value("command"), value("causation_id"), value("account")],
        ["reaction", "EndMute", &muted.event_id.to_string(), "7"]
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_that_was_lengthened_goes_on() {
    let (pool, keys) = database().await;
    let node = Node::start(&pool, &keys, true);
    let memberships = rooms(&node, 2).await;
    let mute = |until| ChangeCommand::MuteConversation { until: Some(until) };
    change(&node, memberships[0], mute(in_ms(200))).await;
    change(&node, memberships[0], mute(in_ms(3_600_000))).await;
    change(&node, memberships[1], mute(in_ms(400))).await;
    let ended = node.wait_for("ConversationUnmuted", 1).await;
    assert_eq!(ended.len(), 1, "the first one's time is over, and nothing came of it");
    let stream = domain::participation_id(memberships[1].conversation, memberships[1].user);
    assert_eq!(ended[0].aggregate_id, stream.get());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_due_while_nobody_ran_is_done_once_by_three_nodes() {
    let (pool, keys) = database().await;
    let asleep = Node::start(&pool, &keys, false);
    let memberships = rooms(&asleep, 40).await;
    for membership in &memberships {
        let until = Some(in_ms(-1000));
        change(&asleep, *membership, ChangeCommand::MuteConversation { until }).await;
    }
    asleep.stop().await;

    let nodes: Vec<Node> = (0..3).map(|_| Node::start(&pool, &keys, true)).collect();
    let ended = nodes[0].wait_for("ConversationUnmuted", memberships.len()).await;
    assert_eq!(ended.len(), memberships.len());
    for node in nodes {
        node.stop().await;
    }
    // A node that has not caught up, and takes all timers for due, finds nothing to do.
    let late = Node::start(&pool, &keys, false);
    let events = late.events().await;
    for muted in events.iter().filter(|event| event.event_type == "ConversationMuted") {
        let domain::participation::Event { membership, change } = muted.decode().unwrap();
        let domain::participation::Change::ConversationMuted { until: Some(until) } = change else {
            panic!("{change:?}");
        };
        let action = sqlx::types::Json(Action::EndMute { membership, until });
        let due = Due {
            stream: muted.aggregate_id,
            account_id: AccountId::new(7),
            cause: muted.event_id,
            action,
        };
        super::act(&late.commands, due).await.unwrap();
    }
    assert_eq!(late.events().await.len(), events.len());
    late.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_goes_on_when_one_stops() {
    let (pool, keys) = database().await;
    let (first, second) = (Node::start(&pool, &keys, true), Node::start(&pool, &keys, true));
    let memberships = rooms(&first, 2).await;
    let mute = |milliseconds| ChangeCommand::MuteConversation { until: Some(in_ms(milliseconds)) };
    change(&first, memberships[0], mute(0)).await;
    first.wait_for("ConversationUnmuted", 1).await;
    first.stop().await;
    change(&second, memberships[1], mute(200)).await;
    assert_eq!(second.wait_for("ConversationUnmuted", 2).await.len(), 2);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_ends_at_its_time_unless_it_is_another_one_by_then() {
    let (pool, keys) = database().await;
    let node = Node::start(&pool, &keys, true);
    let (later, deleted) = (snoozed(&node, in_ms(200)).await, snoozed(&node, in_ms(200)).await);
    let until = in_ms(400);
    let ending = snoozed(&node, until).await;
    for (id, command) in [
        (
            later,
            conversation::Command::Support(SupportCommand::Snooze {
                until: Some(in_ms(3_600_000)),
            }),
        ),
        (deleted, conversation::Command::DeleteConversation),
    ] {
        node.commands.execute::<Conversation>(id.into(), command, &context()).await.unwrap();
    }
    let opened = node.wait_for("StatusChanged", 1).await;
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].aggregate_id, ending);
    assert!(opened[0].recorded_at >= until);
    let value = |key| opened[0].metadata_value(key).unwrap_or_default();
    let created = node.wait_for("ConversationCreated", 3).await.pop().unwrap();
    assert_eq!(
        [value("surface"), value("command"), value("causation_id")],
        ["reaction", "EndSnooze", &created.event_id.to_string()]
    );
    node.stop().await;
}
