use crate::changes::Changes;
use crate::{conversations, directory, memberships, messages, timers};

/// A read model, as the projector sees it.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// Its name, and its schema's.
    pub name: &'static str,
    /// Another number builds it anew from the log.
    pub version: i32,
    /// Makes its tables and its function `apply(jsonb) returns boolean`; the schema itself exists.
    pub schema: &'static str,
    /// Earlier models whose rows its own are made from: it stops when one of them stops, and is built anew when
    /// one of them is.
    pub builds_on: &'static [&'static str],
    /// What its `apply` is given for a batch, as JSON; `None` when the batch does not concern it.
    pub changes: fn(&Changes) -> Option<String>,
}

/// All read models, each after those that it builds on.
pub const MODELS: &[Model] =
    &[directory::MODEL, messages::MODEL, conversations::MODEL, memberships::MODEL, timers::MODEL];

/// An argument of `apply` as JSON; `None` when no part of it has anything in it.
pub(crate) fn argument<T: serde::Serialize>(parts: &T) -> Option<String> {
    let json = serde_json::to_string(parts).expect("changes are maps and lists with text keys");
    (json != "{}").then_some(json)
}
