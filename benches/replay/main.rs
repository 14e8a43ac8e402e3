//! What replaying costs, each figure beside its upper bound in the same run: rebuilding read models
//! beside COPY of the same rows, publishing a stream again beside a raw publisher; and verifying,
//! tailing, and taking over.
//!
//! `cargo bench --bench replay -- --events 100000` runs it on a tenth of the events. Deliberately
//! limited to what an operator does: the release binary's own verbs and servers, on a private
//! PostgreSQL (`fsync` on, data checksums) and a NATS server.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on may panic, and is an edge of its own"
)]

mod copying;
mod history;
mod installation;
#[path = "../../src/relay/benches/publish/raw.rs"]
mod raw;
mod servers;

use std::time::{Duration, Instant};

use clap::Parser;

use history::History;
use installation::Installation;

#[derive(Debug, Parser)]
struct Options {
    /// Events in the log
    #[arg(long, default_value_t = 1_000_000)]
    events: i64,
    /// Memory for the events on their way, in MiB
    #[arg(long, default_value_t = 256)]
    memory: u64,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let installation = Installation::start().await;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    let (load, cores) = (load.split(' ').next().unwrap(), std::thread::available_parallelism());
    println!("{} cores, {load} processes busy at the start", cores.unwrap());
    let history = History::new(installation.log.clone());
    let (events, seconds) = timed(history.extend(options.events)).await;
    println!("{events} mixed events appended by commands, {:.0}/s\n", events as f64 / seconds);
    installation.vacuum().await;

    row("", "measured", "beside");
    println!("| --- | ---: | --- |");
    rebuild(&installation, events, options.memory).await;
    verify(&installation, events, options.memory).await;
    publish(&installation, events).await;
    servers::tail(&installation, &history).await;
    servers::take_over(&installation, &history).await;
    installation.stop().await;
}

async fn rebuild(installation: &Installation, events: i64, memory: u64) {
    let memory = memory.to_string();
    let ran = installation.run(&["replay", "projection", "--all", "--memory", &memory]).await;
    let (copied, rows) = copying::all(installation).await;
    let beside = format!("COPY of its {rows} rows: {copied:.1} s, {:.2}", copied / ran.seconds);
    row("rebuild of all read models", &rate(events, ran.seconds), &beside);
    row("its memory at most", &format!("{} MB", ran.memory_mb), "");
}

async fn verify(installation: &Installation, events: i64, memory: u64) {
    let memory = memory.to_string();
    let ran = installation.run(&["replay", "verify", "--memory", &memory]).await;
    row("replay verify", &rate(events, ran.seconds), &format!("{:.1} s", ran.seconds));
    row("its memory at most", &format!("{} MB", ran.memory_mb), "");
}

async fn publish(installation: &Installation, events: i64) {
    let none = async_nats::HeaderMap::new();
    let raw = raw::publish(&installation.log, events, &none).await;
    let stream = embedded::testing::unique("again");
    let ran = installation.run(&["replay", "nats", "--from", "1", "--stream", &stream]).await;
    let ours = events as f64 / ran.seconds;
    let beside = format!("raw publish: {raw:.0}/s, {:.2}", ours / raw);
    row("replay nats", &format!("{ours:.0}/s"), &beside);
    row("its memory at most", &format!("{} MB", ran.memory_mb), "");
}

fn rate(events: i64, seconds: f64) -> String {
    format!("{:.0}/s", events as f64 / seconds)
}

/// Prints a line of the table, as Markdown for `docs/benchmarks.md`.
fn row(what: &str, measured: &str, beside: &str) {
    println!("| {what:<50} | {measured:>9} | {beside:<37} |");
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, f64) {
    let started = Instant::now();
    let done = work.await;
    (done, started.elapsed().max(Duration::from_nanos(1)).as_secs_f64())
}
