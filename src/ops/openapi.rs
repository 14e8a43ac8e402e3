use super::Failure;

/// Prints the description of every endpoint, as `/openapi.json` serves it.
pub(super) fn run() -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(&api::openapi())?);
    Ok(())
}
