use std::error::Error;

use crate::Event;

/// Checks that a stored event can be read, without decrypting it: its JSON parses as its type.
///
/// # Errors
/// The reason why it cannot be read.
pub fn check_stored(
    aggregate_type: &str,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<(), String> {
    match Event::read(aggregate_type, event_type, event_version, payload) {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.source() {
            Some(source) => source.to_string(),
            None => error.to_string(),
        }),
    }
}
