use super::{Failure, output};

/// Prints the description of every endpoint, or of one dialect's, as `/openapi.json` and
/// `/openapi/DIALECT.json` serve it.
pub(super) fn run(dialect: Option<&str>) -> Result<(), Failure> {
    let api::Descriptions { whole, dialects } = api::openapi();
    let description = match dialect {
        None => whole,
        Some(name) => {
            let names: Vec<&str> = dialects.iter().map(|(name, _)| *name).collect();
            let expected = format!("there is no dialect {name}: expected {}", names.join(", "));
            let found = dialects.into_iter().find(|(known, _)| *known == name);
            found.ok_or(Failure::Usage(expected))?.1
        }
    };
    output::line(serde_json::to_string_pretty(&description)?)
}

/// Prints the description of the events, as `/asyncapi.json` serves it.
pub(super) fn run_asyncapi() -> Result<(), Failure> {
    output::line(domain::ASYNCAPI.trim_end())
}
