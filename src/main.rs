//! `colloquy`: parse, start telemetry, dispatch. Each verb is a file in `ops/`.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod ops;

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// Every request allocates many small strings and rows: a small read takes a tenth less of our own
/// time than with the system's allocator. jemalloc is as fast as mimalloc, and holds a quarter less
/// memory after a million events.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// A background thread returns memory to the system that was unused for a second, so that no
/// request pays for it.
#[used]
#[unsafe(export_name = "_rjem_malloc_conf")]
static ALLOCATOR_SETTINGS: &[u8] = b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0\0";

fn main() -> ExitCode {
    let arguments = ops::Arguments::get();
    // SAFETY: the runtime, and with it other threads, is only started afterwards.
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
