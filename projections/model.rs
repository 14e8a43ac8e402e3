use crate::changes::Changes;
use crate::copy::Rows;
use crate::{conversations, desk, directory, memberships, messages, support, timers};

/// A read model, as the projector sees it.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    pub name: &'static str,
    /// Makes its tables and its function `apply_NAME(jsonb) returns boolean`, in whichever schema
    /// comes first in the connection's `search_path`. All names are unique over all models, and
    /// none is qualified: the same text serves every [`Generation`](crate::Generation).
    pub schema: &'static str,
    /// Makes the indexes that it does without while it is filled, if they are not there.
    pub indexes: &'static str,
    /// Earlier models whose rows its own are made from: it stops when one of them stops, and is
    /// built anew when one of them is.
    pub builds_on: &'static [&'static str],
    /// What its `apply` is given for a batch, as JSON; `None` when the batch does not concern it.
    pub changes: fn(&Changes) -> Option<String>,
    /// Rows that filling writes with COPY, for a model that gets many.
    pub copied: Option<Copied>,
}

/// Rows that a batch adds, as it leaves them.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// The table and its columns.
    pub into: &'static str,
    /// Makes them, and takes what they are made from out of the changes: `apply` is given the rest.
    pub take: fn(&mut Changes<'_>) -> Rows,
}

impl Model {
    /// The names of the indexes that it does without while it is filled.
    pub(crate) fn index_names(&self) -> impl Iterator<Item = &'static str> {
        let made = self.indexes.split("create index if not exists ").skip(1);
        made.filter_map(|rest| rest.split_whitespace().next())
    }
}

/// The version of all read models together: of their rows, and of how events are folded into them.
/// Nodes of another version build their own copy beside the present one. It is one number because
/// they are written in one transaction and joined by one statement: were one of two versions of a
/// model alone built beside what both share, half of an event could be seen.
pub const VERSION: i32 = 4;

/// All read models, each after those that it builds on.
pub const MODELS: &[Model] = &[
    directory::MODEL,
    messages::MODEL,
    conversations::MODEL,
    memberships::MODEL,
    desk::MODEL,
    support::MODEL,
    timers::MODEL,
];

/// An argument of `apply` as JSON; `None` when no part of it has anything in it.
pub(crate) fn argument<T: serde::Serialize>(parts: &T) -> Option<String> {
    let json = serde_json::to_string(parts).expect("changes are maps and lists with text keys");
    (json != "{}").then_some(json)
}
