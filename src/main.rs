//! `colloquy`: parse, start telemetry, dispatch. Each verb is a file in `ops/`.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod ops;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Every request makes many small strings and rows: a tenth less time of ours for a small read than
/// with the system's allocator, for some 10 MB of memory more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = ops::Arguments::get();
    // SAFETY: the runtime, and so its threads, come after it.
    unsafe { arguments.shield_private_database() };
    run(arguments)
}

#[tokio::main]
async fn run(arguments: ops::Arguments) -> ExitCode {
    match ops::run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
