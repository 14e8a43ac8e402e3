//! Every version of every event that was ever released stays readable: `golden/` holds a sample of
//! each, named `<EventType>.<version>.json`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use cqrs_es::DomainEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::samples::*;
use crate::*;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// Events of the current shape serialize to their golden files, which parse back to the events.
fn check<E: DomainEvent + Serialize + DeserializeOwned>(
    events: Vec<E>,
    seen: &mut BTreeSet<String>,
) {
    for event in events {
        let name = format!("{}.{}.json", event.event_type(), event.event_version());
        let written = serde_json::to_string_pretty(&event).unwrap() + "\n";
        let golden = fs::read_to_string(folder().join(&name)).unwrap_or_default();
        assert_eq!(
            written, golden,
            "{name} has another shape: raise its version, add an upcaster and a sample"
        );
        assert_eq!(serde_json::from_str::<E>(&golden).unwrap(), event);
        seen.insert(event.event_type());
    }
}

#[test]
fn events_are_written_as_their_golden_files_say() {
    let mut seen = BTreeSet::new();
    check(conversation_events(), &mut seen);
    check(participation_events(), &mut seen);
    check(user_events(), &mut seen);
    check(contact_events(), &mut seen);
    check(contact_claim_events(), &mut seen);
    check(contact_link_events(), &mut seen);
    check(inbox_events(), &mut seen);
    check(team_events(), &mut seen);
    check(audit_events(), &mut seen);
    // An event without a sample would go unnoticed, so all names are taken from the sources.
    let sources = [
        include_str!("conversation/event.rs"),
        include_str!("participation/event.rs"),
        include_str!("user/event.rs"),
        include_str!("contact/event.rs"),
        include_str!("contact_claim/event.rs"),
        include_str!("contact_link/event.rs"),
        include_str!("inbox/event.rs"),
        include_str!("team/event.rs"),
        include_str!("audit/event.rs"),
    ];
    let named: BTreeSet<String> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.split_once("=> \"")?.1.split_once("\",").map(|(name, _)| name))
        .filter(|name| name.starts_with(char::is_uppercase))
        .map(str::to_owned)
        .collect();
    assert_eq!(seen, named);
}

#[test]
fn events_of_every_released_version_can_be_read() {
    let mut versions = 0;
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (event_type, version) = name.split_once('.').unwrap();
        let stored = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let payload = upcast(event_type, version, stored);
        let today = |events: Vec<Value>| {
            let same_type = |event: &Value| event["type"] == event_type;
            let sample = events.into_iter().find(same_type);
            sample.map(|sample| assert_eq!(payload, sample, "{name}")).is_some()
        };
        let all = [
            conversation_events().iter().map(json_of).collect(),
            participation_events().iter().map(json_of).collect(),
            user_events().iter().map(json_of).collect(),
            contact_events().iter().map(json_of).collect(),
            contact_claim_events().iter().map(json_of).collect(),
            contact_link_events().iter().map(json_of).collect(),
            inbox_events().iter().map(json_of).collect(),
            team_events().iter().map(json_of).collect(),
            audit_events().iter().map(json_of).collect(),
        ];
        assert_eq!(all.into_iter().filter(|events: &Vec<Value>| today(events.clone())).count(), 1);
        versions += 1;
    }
    assert!(versions > 45, "{versions} golden files");
}

fn json_of(event: &impl Serialize) -> Value {
    serde_json::to_value(event).unwrap()
}
