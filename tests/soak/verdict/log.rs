//! Every acknowledged command is in the log exactly once, by its key, and no refused one is.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::commands::Outcome;
use crate::load::Load;
use crate::progress::Progress;
use crate::world::World;

/// The minimum for a run to mean anything.
const ACKNOWLEDGED_MIN: u64 = 100;

pub async fn compare(world: &World, load: &Load, progress: &Progress) {
    // A request of several commands has a key for each, which begins with its own key and a slash.
    let found: Vec<(String, String, i64)> = sqlx::query_as(
        "select split_part(metadata->>'idempotency_key', '/', 1), event_type, count(*)
         from events
         where metadata->>'idempotency_key' is not null
         group by 1, 2",
    )
    .fetch_all(&world.db)
    .await
    .expect("PostgreSQL is well");
    let mut recorded: HashMap<&str, BTreeMap<&str, i64>> = HashMap::new();
    for (key, event_type, count) in &found {
        recorded.entry(key).or_default().insert(event_type, *count);
    }
    let sent = load.sent();
    let overtaken = load.overtaken();
    let mut acknowledged = 0;
    for command in &sent {
        let none = BTreeMap::new();
        let events = recorded.get(&*command.key).unwrap_or(&none);
        let (event_type, expected) = command.kind.leaves();
        let count = events.get(event_type).copied().unwrap_or(0);
        let others = events.len() - usize::from(events.contains_key(event_type));
        let (key, kind) = (&command.key, command.kind);
        let is_right = match command.outcome {
            Outcome::Acknowledged => expected.contains(&count) && others == 0,
            Outcome::Refused if overtaken.contains(key) => count <= *expected.end() && others == 0,
            Outcome::Refused => events.is_empty(),
            Outcome::RefusedLater => count <= *expected.end() && others == 0,
        };
        if !is_right {
            load.find(format!("{kind:?} {key} was {:?}, and left {events:?}", command.outcome));
        }
        acknowledged += u64::from(command.outcome == Outcome::Acknowledged);
    }
    let keys: HashSet<&str> = sent.iter().map(|command| &*command.key).collect();
    for key in recorded.keys().filter(|key| !keys.contains(*key)) {
        load.find(format!("{key} is in the log, and nobody has sent it"));
    }
    if acknowledged < ACKNOWLEDGED_MIN {
        load.find(format!(
            "only {acknowledged} commands: the load stood still, and this says nothing"
        ));
    }
    progress.checked(format!("log: {acknowledged} acknowledged commands, each recorded once"));
}
