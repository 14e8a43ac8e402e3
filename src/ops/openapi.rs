use super::{Failure, output};

/// Prints the description of every endpoint, as `/openapi.json` serves it.
pub(super) fn run() -> Result<(), Failure> {
    output::line(serde_json::to_string_pretty(&api::openapi())?)
}
