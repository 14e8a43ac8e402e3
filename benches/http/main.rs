//! End to end over HTTP: the release server on a PostgreSQL of its own (`fsync` on, data
//! checksums), driven over keep-alive connections, alternating with pgbench on the same PostgreSQL.
//! Prints one table.
//!
//! `cargo bench --bench http -- pin list` runs only the named rows, with `--scale 0.1` on a tenth
//! of the data. Deliberately limited to what a client sees: everything is built and measured over
//! HTTP, so that the benchmark outlives the implementation. Another row is a variant of [`Row`],
//! and a function beside its kind in `rows/`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on may panic, and is an edge of its own"
)]

mod client;
mod load;
mod pgbench;
mod rows;
mod server;
mod table;
mod world;

use std::time::Duration;

use clap::{Parser, ValueEnum};

use server::Server;
use world::World;

#[derive(Debug, Parser)]
struct Options {
    /// Rows to run; without any, all of them
    rows: Vec<Row>,
    /// Conversations and events, as a part of what the rows are about
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Events in the log when memory is measured
    #[arg(long, default_value_t = 500_000)]
    events: i64,
    /// Seconds of a round
    #[arg(long, default_value_t = 2.0)]
    round_s: f64,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Row {
    Pin,
    Post,
    Badge,
    List,
    Mark,
    Room,
    Crowd,
    Alone,
    Clock,
    Large,
    Support,
    Memory,
}

impl Row {
    async fn run(self, world: &World) {
        match self {
            Self::Pin => rows::commands::pin(world).await,
            Self::Post => rows::commands::post(world).await,
            Self::Badge => rows::queries::badge(world).await,
            Self::List => rows::queries::list(world).await,
            Self::Mark => rows::rooms::mark(world).await,
            Self::Room => rows::rooms::room(world).await,
            Self::Crowd => rows::rooms::crowd(world).await,
            Self::Alone => rows::commands::alone(world).await,
            Self::Clock => rows::commands::clock(world).await,
            Self::Large => rows::queries::large(world).await,
            Self::Support => rows::support::support(world).await,
            Self::Memory => rows::memory::memory(world).await,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = Options::parse();
    let server = Server::start().await;
    let cores = std::thread::available_parallelism().unwrap();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    let (load, version) = (load.split(' ').next().unwrap(), server.postgres_version().await);
    println!("{cores} cores, {load} processes busy at the start, PostgreSQL {version}");
    let round = Duration::from_secs_f64(options.round_s);
    let world = World::new(server, round, options.scale, options.events);
    rows::generator(&world).await;
    table::print_head();
    for row in Row::value_variants() {
        if options.rows.is_empty() || options.rows.contains(row) {
            row.run(&world).await;
        }
    }
    world.server.stop().await;
}
