//! Events as older versions of Colloquy wrote them, brought to today's shape.
//!
//! A stored event never changes, so every version that was ever released stays readable: `golden/`
//! holds a sample of each. When an event's shape has to change, raise its `event_version`, add an
//! upcaster to [`UPCASTERS`] that takes the version before to the new one, and a sample. The tests
//! below show one at work.

use std::sync::LazyLock;

use cqrs_es::persist::{EventUpcaster, SemanticVersionEventUpcaster, SerializedEvent};
use serde_json::Value;

/// In the order of the versions. Empty so far: every event still has its first released shape.
static UPCASTERS: LazyLock<Vec<SemanticVersionEventUpcaster>> = LazyLock::new(Vec::new);

/// Whether an older version wrote the event.
pub fn is_outdated(event_type: &str, event_version: &str) -> bool {
    UPCASTERS.iter().any(|upcaster| upcaster.can_upcast(event_type, event_version))
}

/// An event's payload in today's shape.
pub fn upcast(event_type: &str, event_version: &str, payload: Value) -> Value {
    upcast_with(&UPCASTERS, event_type, event_version, payload)
}

fn upcast_with(
    upcasters: &[SemanticVersionEventUpcaster],
    event_type: &str,
    event_version: &str,
    payload: Value,
) -> Value {
    let mut event = SerializedEvent::new(
        String::new(),
        0,
        String::new(),
        event_type.to_owned(),
        event_version.to_owned(),
        payload,
        Value::Null,
    );
    for upcaster in upcasters {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            event = upcaster.upcast(event);
        }
    }
    event.payload
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Version 2 of an invented event has a list where version 1 had one colour; version 3 calls it
    /// `colours`.
    fn painted() -> Vec<SemanticVersionEventUpcaster> {
        let list = |mut payload: Value| {
            let colour = payload["colour"].take();
            payload["colour"] = json!([colour]);
            payload
        };
        let plural = |mut payload: Value| {
            payload["colours"] = payload["colour"].take();
            payload
        };
        vec![
            SemanticVersionEventUpcaster::new("WallPainted", "2", Box::new(list)),
            SemanticVersionEventUpcaster::new("WallPainted", "3", Box::new(plural)),
        ]
    }

    #[test]
    fn an_event_goes_through_every_version_between_its_own_and_todays() {
        let read = |version, payload| upcast_with(&painted(), "WallPainted", version, payload);
        let today = json!(["red"]);
        assert_eq!(read("1", json!({"colour": "red"}))["colours"], today);
        assert_eq!(read("2", json!({"colour": ["red"]}))["colours"], today);
        assert_eq!(read("3", json!({"colours": ["red"]}))["colours"], today);
    }

    #[test]
    fn other_events_stay_as_they_are() {
        let payload = json!({"colour": "red"});
        assert_eq!(upcast_with(&painted(), "DoorPainted", "1", payload.clone()), payload);
    }
}
