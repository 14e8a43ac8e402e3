//! The soak: two nodes under load while everything around them is killed, frozen, filled up, set
//! back or put back to an older copy; at the end, what was acknowledged is compared with the log,
//! the read models and the stream.
//!
//! `docs/soak.md` says how to run it and how to read what it prints. A fault is a line in
//! `faults.rs`, a kind of command one in `commands.rs`, a question that is asked at the end a file
//! in `verdict/`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a soak that cannot go on may panic, and is an edge of its own"
)]

mod caller;
mod clock;
mod commands;
mod disk;
mod faults;
mod ledger;
mod load;
mod messages;
mod node;
mod progress;
mod reader;
mod rooms;
mod session;
mod verdict;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(
    about = "Load and faults for some minutes, then: is everything that was acknowledged there?"
)]
struct Options {
    /// How long faults go on for
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// What faults, their order and their lengths follow from; by default another one each time
    #[arg(long)]
    seed: Option<u64>,
    /// Only these faults, by name
    #[arg(long, value_delimiter = ',')]
    faults: Vec<String>,
    /// Users of each account who go on doing something
    #[arg(long, default_value_t = 8)]
    callers: usize,
    /// Resident memory that a node may come to, in MiB
    #[arg(long, default_value_t = 512)]
    memory_mib_max: u64,
    /// The server to run
    #[arg(long, default_value = env!("CARGO_BIN_EXE_colloquy"))]
    server: PathBuf,
}

/// A check found a difference.
const DIFFERENT: u8 = 3;

fn main() -> ExitCode {
    let options = Options::parse();
    // Before any thread is started, since existing threads would stay in the old namespace.
    let mounting = disk::enter_own_mounts();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match runtime.block_on(soak(options, mounting)) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(DIFFERENT),
    }
}

/// Returns how many differences were found.
async fn soak(options: Options, mounting: Result<(), String>) -> usize {
    let seed = options.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    println!("seed {seed}, {} minutes, {}", options.minutes, options.server.display());
    let mut world = world::World::start(&options.server, mounting).await;
    println!("logs and data in {}", world.folder().display());
    let load = load::Load::prepare(&world, seed, options.callers).await;
    let progress = progress::Progress::start(&world, &load);
    let under_way = load.start(seed);
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    faults::inject(&mut world, &load, &progress, seed, length, &options.faults).await;
    progress.say("healed: callers finish what they have begun");
    load.stop.cancel();
    under_way.join_all().await;
    verdict::judge(&mut world, &load, &progress, options.memory_mib_max).await;
    let found = progress.report(&load);
    world.stop(found > 0).await;
    found
}
