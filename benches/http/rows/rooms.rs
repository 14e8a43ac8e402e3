//! Rooms with very many members.

use std::time::{Duration, Instant};

use crate::client::User;
use crate::load::{Tally, drive, on_the_clock, send_all};
use crate::table;
use crate::world::{CALLERS, World};

const LARGE: usize = 2_000;
const HUGE: usize = 10_000;

/// Each member marks a new message as read; only that is measured, not the posting.
pub async fn mark(world: &World) {
    let creator = User::member("r-mark".to_owned());
    let room = world.room(&creator, LARGE).await;
    let members = world.members(LARGE);
    world.arrive(members).await;

    let path = format!("/api/conversations/{room}/mark");
    let weavy: Vec<_> = members.iter().map(|member| member.request("PUT", &path)).collect();
    let path = format!("/v1/conversations/{}/read", protocol_id(world, &creator).await);
    let protocol: Vec<_> = members.iter().map(|member| member.request("POST", &path)).collect();
    let post = [creator.post_message(room)];
    for (surface, marks) in [("Weavy", &weavy), ("Protocol", &protocol)] {
        let (mut tallies, started) = (Vec::new(), Instant::now());
        while started.elapsed() < 3 * world.round {
            send_all(world.server.address, 1, post.iter(), |_, _| {}).await;
            tallies.push(send_all(world.server.address, CALLERS, marks.iter(), |_, _| {}).await);
        }
        let tally = Tally::merge(tallies);
        let what = format!("mark read, room of {LARGE}: 64 callers, {surface}");
        let rate = format!("{:.0}/s", tally.rate());
        table::print_value(&what, &rate, ">= 3000/s", &tally.failed());
    }
}

/// The id of a user's only conversation, as the Protocol dialect writes it.
async fn protocol_id(world: &World, user: &User) -> String {
    let mut id = None;
    let request = [user.request("GET", "/v1/conversations")];
    send_all(world.server.address, 1, request.iter(), |_, response| {
        let list: serde_json::Value = serde_json::from_slice(response.body).unwrap();
        id = list["data"][0]["id"].as_str().map(str::to_owned);
    })
    .await;
    id.expect("a list has its data")
}

pub async fn room(world: &World) {
    let creator = User::member("r-room".to_owned());
    let script = vec![creator.post_message(world.room(&creator, LARGE).await)];
    let tally = drive(world.server.address, &[script], 3 * world.round).await;
    let p50 = format!("{:.2} ms", tally.quantile_ms(0.5));
    let what = format!("post to a room of {LARGE}: one caller, p50");
    table::print_value(&what, &p50, "<= 15 ms", &tally.failed());
}

/// 200 pins a second by users outside a room that gets 20 messages a second.
pub async fn crowd(world: &World) {
    let pins = world.scripts(User::pin_and_unpin).await;
    let creator = User::member("r-crowd".to_owned());
    let posts = vec![vec![creator.post_message(world.room(&creator, HUGE).await)]; 8];
    let duration = 5 * world.round.max(Duration::from_secs(1));
    let (pins, posts) = futures::join!(
        on_the_clock(world.server.address, &pins, 200, duration),
        on_the_clock(world.server.address, &posts, 20, duration),
    );
    let what = format!("others' pins, room of {HUGE} busy: p99");
    let value = format!("{:.2} ms", pins.quantile_ms(0.99));
    let beside = format!("the room's messages: p50 {:.0} ms", posts.quantile_ms(0.5));
    let failed = Tally::merge([pins, posts]).failed();
    table::print(&what, &value, &beside, "", "<= 40 ms", &failed);
}
