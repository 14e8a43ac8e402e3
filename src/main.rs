//! `colloquy`: parse, start telemetry, dispatch. Each verb is a file in `ops/`.

mod ops;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = ops::Arguments::parse();
    match ops::run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
