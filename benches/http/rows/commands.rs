//! Commands of callers who each have conversations of their own.

use std::time::Duration;

use super::{beside_pgbench, in_turns};
use crate::client::User;
use crate::load::Tally;
use crate::load::{drive, on_the_clock};
use crate::pgbench::Pgbench;
use crate::table::{self, median};
use crate::world::World;

pub async fn pin(world: &World) {
    let scripts = world.scripts(User::pin_and_unpin).await;
    let insert = Pgbench::insert(&world.server).await;
    beside_pgbench(world, "pin, unpin: 64 callers", &scripts, &insert, 1.0).await;
}

pub async fn post(world: &World) {
    let scripts = world.scripts(|user, id| [user.post_message(id)]).await;
    let insert = Pgbench::insert(&world.server).await;
    beside_pgbench(world, "post to a private chat: 64 callers", &scripts, &insert, 0.6).await;
}

pub async fn alone(world: &World) {
    let scripts = world.scripts(User::pin_and_unpin).await;
    let insert = Pgbench::insert(&world.server).await;
    let ours = || drive(world.server.address, &scripts[..1], world.round);
    let (tallies, other) = in_turns(ours, async || insert.p50_ms(world.round)).await;
    let p50 = median(tallies.iter().map(|tally| tally.quantile_ms(0.5)));
    let (what, beside) = ("pin, unpin: one caller, p50", format!("pgbench insert: {other:.2} ms"));
    let (ratio, failed) = (format!("{:.1}", p50 / other), Tally::merge(tallies).failed());
    table::print(what, &format!("{p50:.2} ms"), &beside, &ratio, "<= 4", &failed);
}

pub async fn clock(world: &World) {
    let pin_and_post = |user: &User, id| {
        let [pin, unpin] = user.pin_and_unpin(id);
        [pin, user.post_message(id), unpin, user.post_message(id)]
    };
    let scripts = world.scripts(pin_and_post).await;
    let duration = 5 * world.round.max(Duration::from_secs(1));
    let tally = on_the_clock(world.server.address, &scripts, 200, duration).await;
    for (name, part, aim) in [("p50", 0.5, "<= 5 ms"), ("p99", 0.99, "<= 20 ms")] {
        let what = format!("200 commands/s on the clock, {name}");
        let value = format!("{:.2} ms", tally.quantile_ms(part));
        table::print_value(&what, &value, aim, &tally.failed());
    }
}
