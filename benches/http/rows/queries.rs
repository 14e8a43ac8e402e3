//! Queries of callers with 200 conversations each, and of members with very many.

use super::{ROUNDS, beside_pgbench, while_others_write};
use crate::client::User;
use crate::load::{Script, Tally, drive};
use crate::pgbench::Pgbench;
use crate::server::Server;
use crate::table::{self, median};
use crate::world::World;

const LIST: &str = "/api/conversations?top=20";

/// One script for each caller, with the users assigned in turn.
fn scripts(world: &World, users: &[User], path: &str) -> Vec<Script> {
    let users = users.iter().cycle().take(world.callers.len());
    users.map(|user| vec![user.request("GET", path)]).collect()
}

pub async fn badge(world: &World) {
    world.lists().await;
    let scripts = scripts(world, &world.callers, "/api/conversations/badge");
    let row = Pgbench::row_by_key(&world.server, world.users()).await;
    beside_pgbench(world, "badge: 64 callers", &scripts, &row, 0.6).await;
}

pub async fn list(world: &World) {
    world.lists().await;
    let scripts = scripts(world, &world.callers, LIST);
    let page = Pgbench::page(&world.server).await;
    let rate = beside_pgbench(world, "list, 20 of 200: 64 callers", &scripts, &page, 0.4).await;
    let posts = world.scripts(|user, chat| [user.post_message(chat)]).await;
    let beside = ("pgbench page of 20", rate);
    while_others_write(world, "the same", (&scripts, &posts), 200, beside).await;
}

/// The same list on a server with few conversations, on one with very many, and a long list there.
pub async fn large(world: &World) {
    let small = World::new(Server::start().await, world.round, world.scale, 0);
    small.lists().await;
    small.server.vacuum().await;
    world.lists().await;
    let long = scripts(world, world.collectors().await, LIST);
    let short = scripts(world, &world.callers, LIST);

    let (mut few, mut many, mut longs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        few.push(drive(small.server.address, &short, world.round).await);
        many.push(drive(world.server.address, &short, world.round).await);
        longs.push(drive(world.server.address, &long, world.round).await);
    }
    let [few, many, longs] = [few, many, longs]
        .map(|tallies| (median(tallies.iter().map(Tally::rate)), Tally::merge(tallies).failed()));
    let what = format!("the same, {} conversations in the account", world.conversations());
    let beside = format!("{} in it", small.conversations());
    table::print_rates(&what, many.0, (&beside, few.0), 0.8, &many.1);
    let what = format!("the same, {} in the own list", world.long_list_length());
    table::print_rates(&what, longs.0, ("200 in it", many.0), 0.8, &longs.1);
    small.server.stop().await;
}
