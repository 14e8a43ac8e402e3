//! `colloquy`: parse, start telemetry, dispatch. Each verb is a file in `ops/`.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod ops;

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// Every request makes many small strings and rows: a tenth less time of ours for a small read than
/// with the system's allocator. Beside mimalloc it is as fast, and keeps a quarter less memory
/// after a million events.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Memory that was not used for a second goes back to the system, by a thread of its own: no
/// request pays for it.
#[used]
#[unsafe(export_name = "_rjem_malloc_conf")]
static ALLOCATOR_SETTINGS: &[u8] = b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0\0";

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
