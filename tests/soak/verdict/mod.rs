//! The checks at the end, when all is healthy again and nobody does anything any more.

mod log;
mod rebuilt;
mod shown;
mod stream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::load::Load;
use crate::progress::Progress;
use crate::world::World;

/// Time for publishing and erasing what is pending.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(120);

pub async fn judge(world: &mut World, load: &Arc<Load>, progress: &Progress, memory_mib_max: u64) {
    if let Err(what) = world.wait_until_healed().await {
        load.find(format!("not ready at the end: {what}"));
    }
    if let Err(what) = wait_until_published(world).await {
        load.find(format!("not caught up at the end: {what}"));
    }
    log::compare(world, load, progress).await;
    run_verbs(world, load, progress);
    shown::compare(world, load, progress).await;
    stream::compare(world, load, progress).await;
    rebuilt::compare(world, load, progress).await;
    tell_ends(world, progress);
    let memory = progress.memory_max_mib();
    progress.checked(format!("resident memory of the nodes, at most: {memory:?} MiB"));
    if memory.iter().any(|mib| *mib > memory_mib_max) {
        load.find(format!("a node has used {memory:?} MiB, and {memory_mib_max} are allowed"));
    }
}

/// A start without PostgreSQL is expected to give up; any other end of a node is worth a look.
fn tell_ends(world: &World, progress: &Progress) {
    const AWAY: &str = "cannot connect to PostgreSQL";
    for (n, node) in world.nodes.iter().enumerate() {
        let (away, ends): (Vec<_>, Vec<_>) =
            node.own_ends().into_iter().partition(|end| end.contains(AWAY));
        progress.checked(format!(
            "node {}: {} starts were given up without PostgreSQL, and it ended by itself {} times",
            n + 1,
            away.len(),
            ends.len()
        ));
        for end in ends {
            progress.checked(format!("    {end:.500}"));
        }
    }
}

async fn wait_until_published(world: &World) -> Result<(), String> {
    let started = Instant::now();
    loop {
        let behind: (i64, i64, i64) = sqlx::query_as(
            "select (select position from log_head),
                    (select min(position) from checkpoints),
                    (select count(*) from nats_erasures where done_at is null)",
        )
        .fetch_one(&world.db)
        .await
        .map_err(|error| error.to_string())?;
        let (head, reached, due) = behind;
        if head == reached && due == 0 {
            return Ok(());
        }
        if started.elapsed() > CAUGHT_UP_WITHIN {
            return Err(format!(
                "the log is at {head}, a follower at {reached}, {due} are to erase"
            ));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn run_verbs(world: &World, load: &Load, progress: &Progress) {
    for (arguments, done) in
        [(&["audit", "verify"][..], ""), (&["doctor", "--format", "json"], "nothing is wrong")]
    {
        let output = world.verb(arguments).output().expect("the server's own program runs");
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let name = arguments.join(" ");
        if output.status.success() {
            let first = said.lines().next().filter(|_| done.is_empty());
            progress.checked(format!("colloquy {name}: {}", first.unwrap_or(done)));
        } else {
            let told: Vec<&str> = said.lines().filter(|line| !line.contains(r#""ok""#)).collect();
            let (said, errors) = (told.join(" "), &output.stderr);
            let errors = String::from_utf8_lossy(errors);
            load.find(format!("colloquy {name}: {}: {said} {errors}", output.status));
        }
    }
}
