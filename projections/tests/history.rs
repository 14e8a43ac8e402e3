use domain::conversation::support::Priority;
use domain::conversation::support::SupportCommand::{
    AssignAgent, ReplaceLabels, SetPriority, Snooze,
};
use domain::participation::ChangeCommand::{MarkUnreadSince, MuteConversation};
use domain::{AccountId, UserId};
use serde_json::json;

use super::desk_world::{ACCOUNT, Office, incoming, said};
use super::world::World;
use crate::history::{self, Bounds, Moment};

const BEGINNING: Moment = Moment::Position(0);
const END: Moment = Moment::Position(i64::MAX);
const ALL: Bounds = Bounds { steps_max: usize::MAX, bytes_max: usize::MAX };

#[tokio::test]
async fn what_changed_is_told_within_bounds_of_events_and_bytes() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let room = world.room(&[ann]).await;
    for text in ["one", "two", "three", "four", "five"] {
        world.say(room, ann, text).await;
    }
    let told = async |from, bounds| {
        let found =
            history::diff(&world.log, Some(AccountId::FIRST), room, (from, END), bounds).await;
        let found = found.unwrap().unwrap();
        (found.steps.iter().map(|step| step.position).collect::<Vec<_>>(), found.more)
    };
    let (all, more) = told(BEGINNING, ALL).await;
    assert_eq!((all.len(), more), (6, false));
    let few = Bounds { steps_max: 2, ..ALL };
    assert_eq!(told(BEGINNING, few).await, (all[..2].to_vec(), true));
    assert_eq!(told(Moment::Position(all[3]), few).await, (all[4..].to_vec(), false));
    let small = Bounds { bytes_max: 1, ..ALL };
    assert_eq!(told(BEGINNING, small).await, (all[..1].to_vec(), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_support_conversation_is_told_as_its_agents_left_it() {
    let mut office = Office::open(1).await;
    let id = office.converse(0, |opening| opening).await;
    let contact = office.links[0].0;
    let (until, seen) = ("2999-01-01T00:00:00Z", "2020-01-01T00:00:00Z");
    for command in [
        AssignAgent { agent: Some(office.agents[1]) },
        SetPriority { priority: Some(Priority::High) },
        ReplaceLabels { labels: vec!["billing".to_owned()] },
        said(incoming(contact, "hello")),
        Snooze { until: Some(until.parse().unwrap()) },
    ] {
        assert!(office.tell(id, command).await);
    }
    let as_of = Some(seen.parse().unwrap());
    for user in [UserId::AGENTS, UserId::ASSIGNEE] {
        assert!(office.share(id, user, MarkUnreadSince { as_of }).await);
    }
    let mute = MuteConversation { until: Some(until.parse().unwrap()) };
    assert!(office.share(id, UserId::AGENTS, mute).await);
    let state = history::state(&office.world.log, Some(ACCOUNT), id, END, None);
    let state = state.await.unwrap().unwrap();
    for (name, expected) in [
        ("assignee", json!("bob")),
        ("priority", json!("high")),
        ("labels", json!(["billing"])),
        ("status", json!("snoozed")),
        ("muted", json!(true)),
        ("message_count", json!(1)),
    ] {
        assert_eq!(state[name], expected, "{name} in {state:#}");
    }
    for (name, expected) in [
        ("snoozed_until", until),
        ("muted_until", until),
        ("agents_seen_at", seen),
        ("assignee_seen_at", seen),
    ] {
        let told: chrono::DateTime<chrono::Utc> =
            serde_json::from_value(state[name].clone()).unwrap();
        assert_eq!(told, expected.parse::<chrono::DateTime<chrono::Utc>>().unwrap(), "{name}");
    }
}
