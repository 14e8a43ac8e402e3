//! What is done to the servers: one fault at a time, in an order derived from the seed, each
//! followed by a pause in which everything must become ready again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio::time::sleep;

use crate::load::{Load, token};
use crate::node::{Node, signal_to};
use crate::progress::Progress;
use crate::world::World;

const HEALTHY_PAUSE: Duration = Duration::from_secs(5);
/// A lease lasts six seconds; a node that is frozen for longer has lost it.
const LONGER_THAN_A_LEASE: std::ops::Range<f64> = 8.0..14.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    KillPostgres,
    KillBackend,
    FreezePostgres,
    FillDisk,
    KillNats,
    FreezeNats,
    DeleteStream,
    PutBackStream,
    KillNode,
    StopNode,
    FreezeLeader,
    FreezeFollower,
    StepClock,
    KillEverything,
}

const FAULTS: [(Fault, &str, &str); 14] = [
    (Fault::KillPostgres, "kill-postgres", "kill -9 of PostgreSQL's first process and all others"),
    (Fault::KillBackend, "kill-backend", "kill -9 of one of PostgreSQL's connections"),
    (Fault::FreezePostgres, "freeze-postgres", "SIGSTOP to all of PostgreSQL"),
    (Fault::FillDisk, "fill-disk", "no room left for PostgreSQL's data and write-ahead log"),
    (Fault::KillNats, "kill-nats", "kill -9 of nats-server"),
    (Fault::FreezeNats, "freeze-nats", "SIGSTOP to nats-server"),
    (Fault::DeleteStream, "delete-stream", "nats-server starts again without its files"),
    (Fault::PutBackStream, "put-back-stream", "nats-server starts again on an older copy"),
    (Fault::KillNode, "kill-node", "kill -9 of a node"),
    (Fault::StopNode, "stop-node", "SIGTERM to a node"),
    (Fault::FreezeLeader, "freeze-leader", "SIGSTOP to the node that publishes, beyond its lease"),
    (Fault::FreezeFollower, "freeze-follower", "SIGSTOP to the other node, for as long"),
    (Fault::StepClock, "step-clock", "the second node's clock is set back and forth"),
    (Fault::KillEverything, "kill-everything", "kill -9 of all of it at once"),
];

struct Injection<'a> {
    world: &'a mut World,
    load: &'a Arc<Load>,
    random: StdRng,
}

/// Injects faults until the time is over. Every fault comes once before one comes again.
pub async fn inject(
    world: &mut World,
    load: &Arc<Load>,
    progress: &Progress,
    seed: u64,
    length: Duration,
    only: &[String],
) {
    let started = Instant::now();
    let mut chosen = Vec::from(FAULTS);
    chosen.retain(|(_, name, _)| only.is_empty() || only.iter().any(|only| only == name));
    assert!(!chosen.is_empty(), "none of these is a fault: {only:?}");
    for (fault, kept) in [
        (Fault::FillDisk, world.disk.as_ref().err()),
        (Fault::StepClock, world.clock.as_ref().err()),
    ] {
        if let Some(why) = kept {
            chosen.retain(|(known, ..)| *known != fault);
            progress.leave_out(format!("{fault:?}: {why}"));
        }
    }
    let mut injection = Injection { world, load, random: StdRng::seed_from_u64(seed) };
    let mut left = Vec::new();
    sleep(HEALTHY_PAUSE).await;
    while started.elapsed() < length {
        if left.is_empty() {
            left.clone_from(&chosen);
            left.shuffle(&mut injection.random);
        }
        let (fault, name, what) = left.pop().expect("there is one");
        progress.begin(name, what);
        injection.inject(fault).await;
        injection.world.revive().await;
        progress.look_at(injection.world);
        let since = Instant::now();
        if let Err(what) = injection.world.wait_until_healed().await {
            load.find(format!("not ready long after {name}: {what}"));
        }
        progress.end(name, since.elapsed());
        sleep(HEALTHY_PAUSE).await;
    }
}

impl Injection<'_> {
    async fn inject(&mut self, fault: Fault) {
        match fault {
            Fault::KillPostgres => {
                self.world.signal_postgres(libc::SIGKILL);
                self.pause(0.0..4.0).await;
            }
            Fault::KillBackend => self.kill_backend().await,
            Fault::FreezePostgres => {
                self.world.signal_postgres(libc::SIGSTOP);
                self.pause(3.0..12.0).await;
                self.world.signal_postgres(libc::SIGCONT);
            }
            Fault::FillDisk => self.fill_disk().await,
            Fault::KillNats => {
                signal_to(self.world.nats.pid(), libc::SIGKILL);
                self.pause(0.0..6.0).await;
            }
            Fault::FreezeNats => {
                signal_to(self.world.nats.pid(), libc::SIGSTOP);
                self.pause(5.0..15.0).await;
                signal_to(self.world.nats.pid(), libc::SIGCONT);
            }
            Fault::DeleteStream => self.replace_stream(None).await,
            Fault::PutBackStream => self.put_back_stream().await,
            Fault::KillNode => self.any_node().kill(libc::SIGKILL),
            Fault::StopNode => self.any_node().kill(libc::SIGTERM),
            Fault::FreezeLeader => self.freeze(true).await,
            Fault::FreezeFollower => self.freeze(false).await,
            Fault::StepClock => self.step_clock().await,
            Fault::KillEverything => {
                self.world.signal_postgres(libc::SIGKILL);
                signal_to(self.world.nats.pid(), libc::SIGKILL);
                self.world.nodes.iter().for_each(|node| node.kill(libc::SIGKILL));
                self.pause(0.0..3.0).await;
            }
        }
        // A kill is only noticed once the process has ended.
        sleep(Duration::from_secs(1)).await;
    }

    async fn pause(&mut self, seconds: std::ops::Range<f64>) {
        let seconds = self.random.random_range(seconds);
        sleep(Duration::from_secs_f64(seconds)).await;
    }

    fn any_node(&mut self) -> &Node {
        let place = self.random.random_range(0..self.world.nodes.len());
        &self.world.nodes[place]
    }

    /// As the kernel does when memory runs out: PostgreSQL then ends all other processes, and
    /// recovers.
    async fn kill_backend(&mut self) {
        let found: Result<Vec<i32>, _> = sqlx::query_scalar(
            "select pid from pg_stat_activity
             where backend_type = 'client backend' and pid <> pg_backend_pid()
             order by pid",
        )
        .fetch_all(&self.world.db)
        .await;
        let pids = found.unwrap_or_default();
        if let Some(pid) = pids.get(self.random.random_range(0..pids.len().max(1))) {
            signal_to(*pid, libc::SIGKILL);
        }
    }

    async fn fill_disk(&mut self) {
        let disk = self.world.disk.as_ref().expect("it is left out otherwise");
        if let Err(error) = disk.fill() {
            self.load.find(format!("the disk could not be filled: {error}"));
        }
        if self.random.random_bool(0.5) {
            // The tables cannot grow. Nor can the write-ahead log once it has used up the files
            // that it keeps ready: PostgreSQL then stops all its processes, and cannot recover
            // before there is room.
            for _ in 0..20 {
                let _ = sqlx::query("select pg_switch_wal()").execute(&self.world.db).await;
                self.pause(0.1..0.3).await;
            }
        }
        self.pause(6.0..12.0).await;
        self.world.disk.as_ref().expect("as before").free().expect("room can be given back");
    }

    async fn put_back_stream(&mut self) {
        let copy = self.world.folder().join("nats.copy");
        signal_to(self.world.nats.pid(), libc::SIGKILL);
        sleep(Duration::from_secs(1)).await;
        copy_folder(&self.world.folder().join("nats"), &copy);
        self.world.revive().await;
        // Meanwhile more is published, and some of what is in the copy is erased.
        self.pause(5.0..10.0).await;
        self.replace_stream(Some(&copy)).await;
        std::fs::remove_dir_all(copy).expect("our own folder");
    }

    async fn replace_stream(&mut self, copy: Option<&Path>) {
        let store = self.world.folder().join("nats");
        signal_to(self.world.nats.pid(), libc::SIGKILL);
        sleep(Duration::from_secs(1)).await;
        std::fs::remove_dir_all(&store).expect("our own folder");
        if let Some(copy) = copy {
            copy_folder(copy, &store);
        }
    }

    /// Freezes the node that publishes, or the other one.
    async fn freeze(&mut self, leader: bool) {
        let leading = self.leading().await;
        let place = if leader { leading } else { 1 - leading };
        self.world.nodes[place].signal(libc::SIGSTOP);
        self.pause(LONGER_THAN_A_LEASE).await;
        self.world.nodes[place].signal(libc::SIGCONT);
    }

    /// The index of the node that leads the relay: the first one, unless the second says that it
    /// leads.
    async fn leading(&self) -> usize {
        let node = &self.world.nodes[1];
        let asked = self.world.client.get(format!("{}/readyz?verbose", node.url));
        let asked = asked.bearer_auth(token(1, "host", "service")).send().await;
        let said: serde_json::Value = match asked {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            Err(_) => serde_json::Value::Null,
        };
        usize::from(said["relay"]["leader"] == true)
    }

    async fn step_clock(&mut self) {
        for _ in 0..3 {
            let hours = self.random.random_range(-30.0_f64..30.0);
            let clock = self.world.clock.as_ref().expect("it is left out otherwise");
            clock.set((hours * 3600.0) as i64);
            self.pause(3.0..5.0).await;
        }
        self.world.clock.as_ref().expect("as before").set(0);
    }
}

fn copy_folder(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.expect("cp is everywhere").success(), "{} can be copied", from.display());
}
