//! Events as older versions of Colloquy wrote them, brought to today's shape.
//!
//! A stored event never changes, so every version that was ever released stays readable: `golden/` holds a
//! sample of each. When an event's shape has to change, raise its `event_version`, add an upcaster here that
//! takes the version before to the new one, and a sample. The worked example is version 2 of all that carries
//! free text: what stood there as plain JSON became [`Private`](crate::Private).
//!
//! ```
//! let stored = r#"{"type":"ConversationRenamed","name":"Team"}"#;
//! let event = domain::upcast("ConversationRenamed", "1", serde_json::from_str(stored)?);
//! assert_eq!(event.to_string(), r#"{"name":{"$private":"Team"},"type":"ConversationRenamed"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::sync::LazyLock;

use cqrs_es::persist::{EventUpcaster, SemanticVersionEventUpcaster, SerializedEvent};
use serde_json::{Value, json};

use crate::KNOWN;

/// In the order of the versions.
static UPCASTERS: LazyLock<Vec<SemanticVersionEventUpcaster>> = LazyLock::new(|| {
    let private_since_2: [(&str, &'static [&'static str]); 7] = [
        ("ConversationCreated", &["name", "description", "metadata", "tags"]),
        ("ConversationRenamed", &["name"]),
        ("ConversationDescribed", &["description"]),
        ("ConversationTagged", &["tags"]),
        ("MessagePosted", &["text", "metadata", "tags"]),
        ("UserRegistered", PROFILE),
        ("UserUpdated", PROFILE),
    ];
    private_since_2
        .into_iter()
        .map(|(event_type, fields)| {
            let wrap = move |payload| made_private(payload, fields);
            SemanticVersionEventUpcaster::new(event_type, "2", Box::new(wrap))
        })
        .collect()
});

const PROFILE: &[&str] = &["name", "username", "email", "avatar_url", "metadata", "tags"];

fn made_private(mut payload: Value, fields: &[&str]) -> Value {
    for field in fields {
        if let Some(value) = payload.get_mut(field).filter(|value| !value.is_null()) {
            *value = json!({ KNOWN: value.take() });
        }
    }
    payload
}

/// Whether an older version wrote the event.
pub fn is_outdated(event_type: &str, event_version: &str) -> bool {
    UPCASTERS.iter().any(|upcaster| upcaster.can_upcast(event_type, event_version))
}

/// An event's payload in today's shape.
pub fn upcast(event_type: &str, event_version: &str, payload: Value) -> Value {
    let mut event = SerializedEvent::new(
        String::new(),
        0,
        String::new(),
        event_type.to_owned(),
        event_version.to_owned(),
        payload,
        Value::Null,
    );
    for upcaster in UPCASTERS.iter() {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            event = upcaster.upcast(event);
        }
    }
    event.payload
}
