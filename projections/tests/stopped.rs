//! An event that a read model cannot apply stops that model and those that build on it.

use std::collections::BTreeMap;

use domain::participation::ChangeCommand::MuteConversation;
use domain::{AccountId, ConversationId, Position, UserId};

use super::desk_world::{ACCOUNT, Office, incoming, said};
use super::folded::Folded;
use super::node::Node;
use super::{KINDS, World};
use crate::changes::Changes;
use crate::model::MODELS;
use crate::views::support::{self as support_views, Desk};
use crate::views::{Filter, UnreadCounts, Viewer, Views};
use crate::{
    Error, Generation, Model, VERSION, conversations, memberships, messages, support, timers,
};

/// Texts that one of the models below cannot apply.
const POISON: &str = "poison";
const POISONED_YEAR: &str = "2066-";

fn poisoned(argument: Option<String>, with: &str) -> Option<String> {
    let argument = argument?;
    Some(if argument.contains(with) { "no JSON".to_owned() } else { argument })
}

fn poisoned_messages(changes: &Changes) -> Option<String> {
    poisoned((messages::MODEL.changes)(changes), POISON)
}

fn poisoned_memberships(changes: &Changes) -> Option<String> {
    poisoned((memberships::MODEL.changes)(changes), POISONED_YEAR)
}

fn poisoned_timers(changes: &Changes) -> Option<String> {
    poisoned((timers::MODEL.changes)(changes), POISONED_YEAR)
}

/// All models, with another fold for one that cannot apply everything.
fn models_with(faulty: &str, changes: fn(&Changes) -> Option<String>) -> Vec<Model> {
    let mut models = MODELS.to_vec();
    models.iter_mut().find(|model| model.name == faulty).unwrap().changes = changes;
    models
}

/// A room of Ann and Bob with one message, and one event that is poison to the model; then another
/// message.
struct Poisoned {
    world: World,
    ann: UserId,
    bob: UserId,
    room: ConversationId,
    /// The position of the poison event.
    position: Position,
}

impl Poisoned {
    async fn new(faulty: &str) -> Self {
        let mut world = World::new().await;
        let (ann, bob) = (world.register("ann").await, world.register("bob").await);
        let room = world.room(&[ann, bob]).await;
        world.say(room, ann, "hello").await;
        if faulty == messages::NAME {
            world.say(room, ann, POISON).await;
        } else {
            let until = Some(format!("{POISONED_YEAR}01-01T00:00:00Z").parse().unwrap());
            assert!(world.change(room, bob, MuteConversation { until }).await);
        }
        let position = world.log.head().await.unwrap();
        world.say(room, ann, "there").await;
        world.register("cyd").await;
        Self { world, ann, bob, room, position }
    }

    async fn head(&self) -> Position {
        self.world.log.head().await.unwrap()
    }

    /// Starts a node and waits until the models that are not stopped have caught up.
    async fn start(&self, generation: impl Into<Generation>) -> Node {
        let node = Node::start(&self.world.log, generation);
        node.wait_for(self.head().await.get()).await;
        node
    }

    /// Asserts which models are stopped, and why, and that the others have caught up.
    async fn assert_stopped(&self, views: &Views, stopped: &[&str]) {
        let named = views.progress().stopped();
        assert_eq!(named.iter().map(|(name, _)| *name).collect::<Vec<_>>(), stopped);
        for (name, reason) in named {
            assert!(reason.contains(&format!("position {}", self.position)), "{name}: {reason}");
        }
        let head = self.head().await;
        let at = |name: &'static str| {
            (name.to_owned(), if stopped.contains(&name) { self.position - 1 } else { head })
        };
        let expected: BTreeMap<String, Position> =
            MODELS.iter().map(|model| at(model.name)).collect();
        assert_eq!(self.world.checkpoints().await, expected);
    }

    async fn assert_everything_is_shown(&self, views: &Views) {
        assert_eq!(views.progress().stopped(), []);
        let head = self.head().await;
        assert!(
            self.world
                .checkpoints()
                .await
                .values()
                .all(|position| *position == Position::new(head.get()))
        );
        let folded = Folded::new(&self.world.events().await);
        for user in [self.ann, self.bob] {
            let unread_counts = views.unread_counts(user).await.unwrap();
            assert_eq!(unread_counts, folded.unread_counts(user));
        }
        let page = views.messages(self.room, false, 25, 0).await.unwrap();
        assert_eq!(page.items.len() as i64, page.total.unwrap());
        assert_eq!(page.items.last().unwrap().message.text, "there");
    }
}

pub(super) fn stopped_model<T: std::fmt::Debug>(answer: Result<T, Error>) -> &'static str {
    match answer {
        Err(Error::Stopped { model, .. }) => model,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_on_which_no_other_builds_stops_alone() {
    let poisoned = Poisoned::new(timers::NAME).await;
    let node = poisoned.start(&models_with(timers::NAME, poisoned_timers)[..]).await;
    poisoned.assert_stopped(&node.views, &[timers::NAME]).await;
    let view = node
        .views
        .view(AccountId::FIRST, Viewer::User(poisoned.bob), poisoned.room, false)
        .await
        .unwrap();
    assert!(view.unwrap().state.unwrap().muted, "who does not need it is answered");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_that_build_on_a_stopped_one_stop_with_it_and_the_others_go_on() {
    let poisoned = Poisoned::new(messages::NAME).await;
    let node = poisoned.start(&models_with(messages::NAME, poisoned_messages)[..]).await;
    let stopped = [conversations::NAME, memberships::NAME, messages::NAME];
    poisoned.assert_stopped(&node.views, &stopped).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_to_a_stopped_model_are_refused_with_its_name() {
    let poisoned = Poisoned::new(memberships::NAME).await;
    let node = poisoned.start(&models_with(memberships::NAME, poisoned_memberships)[..]).await;
    poisoned.assert_stopped(&node.views, &[memberships::NAME]).await;
    let (views, ann, room) = (&node.views, poisoned.ann, poisoned.room);
    let filter = Filter { kinds: KINDS.to_vec(), top: 25, ..Filter::default() };
    assert_eq!(stopped_model(views.list(ann, &filter).await), memberships::NAME);
    assert_eq!(stopped_model(views.unread_counts(ann).await), memberships::NAME);
    let view = views.view(AccountId::FIRST, Viewer::User(ann), room, false).await;
    assert_eq!(stopped_model(view), memberships::NAME);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_to_a_stopped_desk_are_refused_with_its_name_and_the_others_go_on() {
    let mut office = Office::open(1).await;
    let id = office.converse(0, |opening| opening).await;
    assert!(office.tell(id, said(incoming(office.links[0].0, POISON))).await);
    let head = office.world.log.head().await.unwrap();
    let poisoned_support = |changes: &Changes| poisoned((support::MODEL.changes)(changes), POISON);
    let node = Node::start(&office.world.log, &models_with(support::NAME, poisoned_support)[..]);
    node.wait_for(head).await;
    let (views, ann) = (&node.views, office.agents[0]);
    let desk = Desk { account: ACCOUNT, user: Some(ann), inboxes: None };
    let filter = support_views::Filter::default();
    let (inbox, number) = (office.inboxes[0], 1.into());
    assert_eq!(stopped_model(views.support_list(&desk, &filter).await), support::NAME);
    assert_eq!(stopped_model(views.support_counts(&desk, &filter).await), support::NAME);
    assert_eq!(stopped_model(views.support_conversation(ACCOUNT, number).await), support::NAME);
    assert_eq!(stopped_model(views.support_messages(id, None, None).await), support::NAME);
    assert_eq!(stopped_model(views.newest_of_link(office.links[0].2).await), support::NAME);
    assert_eq!(views.inbox_members(ACCOUNT, inbox).await.unwrap().len(), 2);
    assert_eq!(views.unread_counts(ann).await.unwrap(), UnreadCounts::default());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_fix_a_stopped_model_catches_up_and_joins_the_others() {
    let poisoned = Poisoned::new(messages::NAME).await;
    let node = poisoned.start(&models_with(messages::NAME, poisoned_messages)[..]).await;
    node.stop().await;
    let node = poisoned.start(MODELS).await;
    poisoned.assert_everything_is_shown(&node.views).await;
    node.stop().await;
}

/// A fault in the schema is fixed by another version of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_of_a_stopped_model_is_built_anew_with_those_that_build_on_it() {
    let poisoned = Poisoned::new(messages::NAME).await;
    let mut models = MODELS.to_vec();
    let faulty = models.iter_mut().find(|model| model.name == messages::NAME).unwrap();
    let raising = format!(
        "begin if changes::text like '%{POISON}%' then raise exception 'too much'; end if;
         if changes ? 'posted'"
    );
    let schema = faulty.schema.replacen("begin\n    if changes ? 'posted'", &raising, 1);
    assert_ne!(schema, faulty.schema);
    faulty.schema = schema.leak();
    let earlier = Generation { version: VERSION - 1, ..Generation::of(&models) };
    let node = poisoned.start(earlier).await;
    let stopped: Vec<_> = node.views.progress().stopped().iter().map(|(name, _)| *name).collect();
    assert_eq!(stopped, [conversations::NAME, memberships::NAME, messages::NAME]);
    node.stop().await;
    let node = poisoned.start(MODELS).await;
    poisoned.assert_everything_is_shown(&node.views).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_by_knows_what_is_stopped() {
    let poisoned = Poisoned::new(messages::NAME).await;
    let models = models_with(messages::NAME, poisoned_messages);
    let node = poisoned.start(&models[..]).await;
    let standby = Node::start_beside(&poisoned.world, &models[..]).await;
    standby.wait_for(poisoned.head().await.get()).await;
    assert_eq!(standby.views.progress().stopped(), node.views.progress().stopped());
    standby.stop().await;
    node.stop().await;
}
