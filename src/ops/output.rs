//! Standard output and standard error. Their reader may go away, as `head` does: in no verb is that
//! a failure, or a reason to panic.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;

use super::Failure;

/// Standard output. [`is_closed`] recognises its error when the pipe is closed, and tells it from a
/// broken connection to a server.
pub(super) struct Stdout;

#[derive(Debug, thiserror::Error)]
#[error("standard output is closed")]
struct NobodyReads;

impl Write for Stdout {
    #[expect(clippy::disallowed_methods, reason = "its one home")]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes).map_err(marked)
    }

    #[expect(clippy::disallowed_methods, reason = "its one home")]
    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush().map_err(marked)
    }
}

fn marked(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::BrokenPipe => io::Error::new(ErrorKind::BrokenPipe, NobodyReads),
        _ => error,
    }
}

/// Whether an error is only that standard output is closed.
pub(super) fn is_closed(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is_some_and(|inner| inner.is::<NobodyReads>())
}

/// Prints a text as it is. Returns `Break` when the pipe is closed, so that callers stop
/// printing.
pub(super) fn text(text: &str) -> Result<ControlFlow<()>, Failure> {
    match Stdout.write_all(text.as_bytes()).and_then(|()| Stdout.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if is_closed(&error) => Ok(ControlFlow::Break(())),
        Err(error) => Err(error.into()),
    }
}

/// Prints the last or only line of a verb. A closed pipe is ignored: the verb's result does not
/// depend on who reads it.
pub(super) fn line(line: impl Display) -> Result<(), Failure> {
    text(&format!("{line}\n")).map(|_| ())
}

/// Prints on standard error why a verb failed. A failure to print is ignored.
pub(super) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "colloquy: {line}");
}

/// Prints a verb's progress on standard error. A failure to print is ignored.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
