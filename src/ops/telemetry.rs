use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::Failure;

/// What the drivers find worth telling is not what an operator does; a filter that names them wins.
pub(super) fn filter(filter: &str) -> Result<EnvFilter, Failure> {
    EnvFilter::try_new(format!("async_nats=warn,sqlx=warn,{filter}")).map_err(|error| {
        Failure::Usage(format!(
            "COLLOQUY_LOG is {filter:?}: expected a tracing filter such as info or info,relay=debug ({error})"
        ))
    })
}

/// Starts the log on standard error: text on a terminal, JSON lines otherwise.
pub(super) fn start(filter: EnvFilter) {
    // A line that cannot be written is lost: complaining about it, on standard error too, would panic where it is
    // logged, and take along what the line is about.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().flatten_event(true).init();
    }
}
