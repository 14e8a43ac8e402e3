//! The server's memory when it has recorded many events and, in a run of all rows, answered many
//! queries.

use crate::client::User;
use crate::load::{Tally, drive};
use crate::table;
use crate::world::World;

pub async fn memory(world: &World) {
    let pins = world.scripts(User::pin_and_unpin).await;
    let events = (world.events as f64 * world.scale) as i64;
    let mut tallies = Vec::new();
    while world.server.events().await < events {
        tallies.push(drive(world.server.address, &pins, world.round).await);
    }
    let tally = Tally::merge(tallies);
    let what = format!("memory after {} events", world.server.events().await);
    let value = format!("{} MB", world.server.memory_mb());
    table::print_value(&what, &value, "<= 150 MB", &tally.failed());
}
