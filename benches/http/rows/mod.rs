//! What is measured, a function for each kind of request.

pub mod commands;
pub mod memory;
pub mod queries;
pub mod rooms;
pub mod support;

use crate::load::{Script, Tally, drive, on_the_clock};
use crate::pgbench::Pgbench;
use crate::table::{self, median};
use crate::world::World;

const ROUNDS: usize = 3;

/// Alternates rounds of both sides, so that other load on the machine affects both.
async fn in_turns(
    ours: impl AsyncFn() -> Tally,
    mut beside: impl AsyncFnMut() -> f64,
) -> (Vec<Tally>, f64) {
    let (mut tallies, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        tallies.push(ours().await);
        others.push(beside().await);
    }
    (tallies, median(others))
}

/// Compares all callers with as many clients of pgbench, whose rate is returned.
async fn beside_pgbench(
    world: &World,
    what: &str,
    scripts: &[Script],
    other: &Pgbench,
    aim: f64,
) -> f64 {
    let ours = || drive(world.server.address, scripts, world.round);
    let (tallies, rate) = in_turns(ours, async || other.rate(world.round)).await;
    let ours = median(tallies.iter().map(Tally::rate));
    let failed = Tally::merge(tallies).failed();
    table::print_rates(what, ours, (&format!("pgbench {}", other.name), rate), aim, &failed);
    rate
}

/// Measures the scripts while other requests write `per_second` times a second, which invalidates
/// cache entries, and compares the rate with what pgbench reached before.
async fn while_others_write(
    world: &World,
    what: &str,
    (scripts, writes): (&[Script], &[Script]),
    per_second: u32,
    beside: (&str, f64),
) {
    let duration = ROUNDS as u32 * world.round;
    let address = world.server.address;
    let (reads, writes) = futures::join!(
        drive(address, scripts, duration),
        on_the_clock(address, writes, per_second, duration)
    );
    let (rate, failed) = (reads.rate(), Tally::merge([reads, writes]).failed());
    let what = format!("{what}, {per_second} messages/s");
    let measured = (format!("{rate:.0}/s"), format!("{}: {:.0}/s", beside.0, beside.1));
    let ratio = format!("{:.2}", rate / beside.1);
    table::print(&what, &measured.0, &measured.1, &ratio, "", &failed);
}

/// Measures the CPU time of the client itself, with a request that costs the server next to
/// nothing.
pub async fn generator(world: &World) {
    let script = vec![world.callers[0].request("GET", "/healthz")];
    let scripts = vec![script; world.callers.len()];
    let before = own_cpu_ms();
    let tally = drive(world.server.address, &scripts, world.round).await;
    let cpu_us = (own_cpu_ms() - before) as f64 * 1000.0 / tally.answers() as f64;
    println!("/healthz: {:.0}/s, the client's share {cpu_us:.0} µs of a core each\n", tally.rate());
}

fn own_cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(' ').collect();
    // User and system time are fields 14 and 15 of 52, in hundredths of a second.
    [fields[52 - 14], fields[52 - 15]].iter().map(|field| field.parse::<u64>().unwrap() * 10).sum()
}
