use cqrs_es::{Aggregate, DomainEvent};
use serde::de::DeserializeOwned;

use crate::{audit, conversation, is_outdated, participation, upcast, user};

/// Whether a stored event can be read, sealed as it is: its JSON is that of its type.
///
/// # Errors
/// What is wrong with it.
pub fn check_stored(
    aggregate_type: &str,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<(), String> {
    match aggregate_type {
        conversation::Conversation::TYPE => {
            check::<conversation::Event>(event_type, event_version, payload)
        }
        participation::Participation::TYPE => {
            check::<participation::Event>(event_type, event_version, payload)
        }
        user::User::TYPE => check::<user::Event>(event_type, event_version, payload),
        audit::Audit::TYPE => check::<audit::Event>(event_type, event_version, payload),
        unknown => Err(format!("there is no stream type {unknown}")),
    }
}

fn check<E: DomainEvent + DeserializeOwned>(
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<(), String> {
    let event: E = if is_outdated(event_type, event_version) {
        let payload = serde_json::from_str(payload).map_err(|error| error.to_string())?;
        serde_json::from_value(upcast(event_type, event_version, payload))
    } else {
        serde_json::from_str(payload)
    }
    .map_err(|error| error.to_string())?;
    if event.event_type() == event_type {
        Ok(())
    } else {
        Err(format!("its JSON is that of {}", event.event_type()))
    }
}
