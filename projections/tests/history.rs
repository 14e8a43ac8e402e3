use domain::AccountId;

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
