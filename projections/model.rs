use crate::changes::Changes;
use crate::copy::Rows;
use crate::{conversations, desk, directory, memberships, messages, support, timers};

/// A read model, as the projector sees it.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    pub name: &'static str,
    /// Creates its tables and its function `apply_NAME(jsonb) returns boolean`, in whichever schema
    /// comes first in the connection's `search_path`. Names are unique over all models and never
    /// qualified, so the same text serves every [`Generation`](crate::Generation).
    pub schema: &'static str,
    /// Creates, if they are missing, the indexes that the model goes without while it is filled.
    pub indexes: &'static str,
    /// Earlier models from whose rows this one's are derived: it stops when one of them stops, and
    /// is rebuilt when one of them is.
    pub builds_on: &'static [&'static str],
    /// The argument of its `apply` for a batch, as JSON; `None` when the batch does not concern it.
    pub changes: fn(&Changes) -> Option<String>,
    /// Rows that are written with COPY during filling, for a model that gets many.
    pub copied: Option<Copied>,
}

/// Rows that a batch adds, as it leaves them.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// The table and its columns.
    pub into: &'static str,
    /// Builds the rows and removes their source from the changes, so that `apply` gets only the
    /// rest.
    pub take: fn(&mut Changes<'_>) -> Rows,
}

impl Model {
    /// The names of the indexes that the model goes without while it is filled.
    pub(crate) fn index_names(&self) -> impl Iterator<Item = &'static str> {
        let made = self.indexes.split("create index if not exists ").skip(1);
        made.filter_map(|rest| rest.split_whitespace().next())
    }
}

/// The version of all read models together: of their rows, and of how events are folded into them.
/// Nodes of another version build their own copy beside the present one. It is one number because
/// all models are written in one transaction and joined in statements: with a version for each
/// model, a model's new version would be filled beside rows that both versions share, and a query
/// could see half of an event.
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

/// An argument of `apply` as JSON; `None` when all its parts are empty.
pub(crate) fn argument<T: serde::Serialize>(parts: &T) -> Option<String> {
    let json = serde_json::to_string(parts).expect("changes are maps and lists with text keys");
    (json != "{}").then_some(json)
}
