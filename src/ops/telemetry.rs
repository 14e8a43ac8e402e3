use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

use super::Failure;

/// Levels of the drivers' own messages, of which most are no use to operators. Broken connections
/// are logged once, by whoever finds PostgreSQL unreachable. A filter that names a driver wins.
const DRIVERS: &str =
    "async_nats=warn,sqlx=warn,sqlx_core::pool::connection=error,tower_http::catch_panic=off";

pub(super) fn filter(filter: &str) -> Result<EnvFilter, Failure> {
    EnvFilter::try_new(format!("{DRIVERS},{filter}")).map_err(|error| {
        Failure::Usage(format!(
            "COLLOQUY_LOG is {filter:?}: expected a tracing filter such as info or \
             info,relay=debug ({error})"
        ))
    })
}

/// Starts the log on standard error: text on a terminal, JSON lines otherwise. Panics are logged as
/// ordinary lines, in the span of the request that they ended.
pub(super) fn start(filter: EnvFilter) {
    // A line that cannot be written is lost: reporting that on standard error would fail as well,
    // and would panic in the code that was logging.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        // The list of spans would repeat the current one.
        log.json().flatten_event(true).with_span_list(false).init();
    }
    std::panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let formatted = payload.downcast_ref::<String>().map(String::as_str);
    let reason = formatted.or(payload.downcast_ref().copied()).unwrap_or("(no message)");
    let place = panic.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_captured.then(|| backtrace.to_string());
    tracing::error!(reason, place, backtrace, "panicked");
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
mod tests {
    use std::io::{Read, pipe};
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_panic_is_one_line_of_the_log_with_the_id_of_its_request() {
        let (mut reader, writer) = pipe().unwrap();
        let log =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(Mutex::new(writer));
        tracing::subscriber::with_default(log.finish(), || {
            let _request = tracing::error_span!("request", request.id = "mine").entered();
            std::panic::set_hook(Box::new(log_panic));
            std::panic::catch_unwind(|| panic!("no such {}", "luck")).unwrap_err();
        });
        let _ = std::panic::take_hook();
        let mut logged = String::new();
        reader.read_to_string(&mut logged).unwrap();
        let line: serde_json::Value = serde_json::from_str(&logged).unwrap();
        assert_eq!(
            (&line["message"], &line["reason"]),
            (&"panicked".into(), &"no such luck".into())
        );
        assert_eq!(line["span"]["request.id"], "mine");
        assert!(line["place"].as_str().unwrap().contains("telemetry.rs:"), "{line}");
    }
}
