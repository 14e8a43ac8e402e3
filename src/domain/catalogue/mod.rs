//! The contract with consumers of the events: a JSON Schema for every event and version, and an
//! AsyncAPI description of all of them. The tests beside this file generate both from the types,
//! compare them with the committed files, and reject a change that would break a consumer. To
//! update the files: `UPDATE_CATALOGUE=1 cargo nextest run -p domain -E 'test(catalogue)'`.

#[cfg(test)]
mod compatible;
#[cfg(test)]
mod tests;

/// The AsyncAPI description of all events, as JSON.
pub const ASYNCAPI: &str = include_str!("asyncapi.json");
