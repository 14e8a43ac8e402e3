//! What consumers of the events are promised: a JSON Schema for every event and version, and an
//! AsyncAPI description of all of them. Both are made from the types by the tests beside this file,
//! which compare them with what is committed and refuse what would break a consumer of it:
//! `UPDATE_CATALOGUE=1 cargo nextest run -p domain -E 'test(catalogue)'`.

#[cfg(test)]
mod compatible;
#[cfg(test)]
mod tests;

/// The description of all events, as JSON.
pub const ASYNCAPI: &str = include_str!("asyncapi.json");
