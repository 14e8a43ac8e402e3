//! Progress for whoever watches: bars on a terminal, else a line every ten seconds.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::ledger::NODES;
use crate::load::Load;
use crate::world::World;

const LINE_EVERY: Duration = Duration::from_secs(10);
const SHOWN_MAX: usize = 30;

pub struct Progress {
    bar: ProgressBar,
    seen: Arc<Seen>,
    injected: Mutex<BTreeMap<String, (u32, Duration)>>,
    left_out: Mutex<Vec<String>>,
    checked: Mutex<Vec<String>>,
}

/// What the sampling task and the other tasks share.
struct Seen {
    now: Mutex<String>,
    started: Instant,
    nats: AtomicI32,
    postgres: AtomicI32,
    memory_max: [AtomicU64; NODES],
}

impl Progress {
    pub fn start(world: &World, load: &Arc<Load>) -> Self {
        let bar = match std::io::stdout().is_terminal() {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{spinner} {elapsed_precise} {wide_msg}");
        bar.set_style(style.expect("a constant"));
        let seen = Arc::new(Seen {
            now: Mutex::new("no fault".to_owned()),
            started: Instant::now(),
            nats: AtomicI32::default(),
            postgres: AtomicI32::default(),
            memory_max: Default::default(),
        });
        let progress = Self {
            bar: bar.clone(),
            seen: seen.clone(),
            injected: Mutex::default(),
            left_out: Mutex::default(),
            checked: Mutex::default(),
        };
        progress.look_at(world);
        let watch = world.nodes.iter().map(crate::node::Node::watch).collect();
        tokio::spawn(sample(bar, seen, load.clone(), watch));
        progress
    }

    /// Servers that were restarted have other process ids.
    pub fn look_at(&self, world: &World) {
        self.seen.postgres.store(world.postgres.pid(), Ordering::Relaxed);
        self.seen.nats.store(world.nats.pid(), Ordering::Relaxed);
    }

    pub fn say(&self, what: &str) {
        let line = format!("[{:.1} s] {what}", self.seen.started.elapsed().as_secs_f64());
        match self.bar.is_hidden() {
            true => println!("{line}"),
            false => self.bar.println(line),
        }
        what.clone_into(&mut self.seen.now.lock().unwrap());
    }

    pub fn begin(&self, name: &str, what: &str) {
        self.say(&format!("{name}: {what}"));
    }

    pub fn end(&self, name: &str, ready_after: Duration) {
        let mut injected = self.injected.lock().unwrap();
        let (count, slowest) = injected.entry(name.to_owned()).or_default();
        *count += 1;
        *slowest = ready_after.max(*slowest);
        drop(injected);
        self.say(&format!("ready {:.1} s after {name}", ready_after.as_secs_f64()));
    }

    pub fn leave_out(&self, what: String) {
        self.say(&format!("left out: {what}"));
        self.left_out.lock().unwrap().push(what);
    }

    /// A line of the verdict.
    pub fn checked(&self, what: String) {
        self.say(&what);
        self.checked.lock().unwrap().push(what);
    }

    pub fn memory_max_mib(&self) -> [u64; NODES] {
        [0, 1].map(|n: usize| self.seen.memory_max[n].load(Ordering::Relaxed) >> 20)
    }

    /// Prints the verdict; returns how many differences there are.
    pub fn report(&self, load: &Load) -> usize {
        self.bar.finish_and_clear();
        println!("\nfault                 times   ready again after, at most");
        for (name, (count, slowest)) in &*self.injected.lock().unwrap() {
            println!("{name:20} {count:6}   {:.1} s", slowest.as_secs_f64());
        }
        println!();
        for line in self.left_out.lock().unwrap().iter() {
            println!("left out: {line}");
        }
        for line in self.checked.lock().unwrap().iter() {
            println!("{line}");
        }
        let differences = load.differences();
        for difference in differences.iter().take(SHOWN_MAX) {
            println!("DIFFERENCE {difference:.600}");
        }
        match differences.len() {
            0 => println!("no difference"),
            found => println!("{found} differences"),
        }
        differences.len()
    }
}

async fn sample(
    bar: ProgressBar,
    seen: Arc<Seen>,
    load: Arc<Load>,
    nodes: Vec<Box<dyn Fn() -> i32 + Send>>,
) {
    let (mut since, mut before, mut shown) = (Instant::now(), 0, 0);
    loop {
        let mut memory = Vec::new();
        for (n, pid) in nodes.iter().enumerate() {
            let bytes = resident(pid());
            seen.memory_max[n].fetch_max(bytes, Ordering::Relaxed);
            memory.push(format!("{}", bytes >> 20));
        }
        let nats = resident(seen.nats.load(Ordering::Relaxed)) >> 20;
        let postgres = resident(seen.postgres.load(Ordering::Relaxed)) >> 20;
        let acknowledged = load.counts.acknowledged.load(Ordering::Relaxed);
        let checks = load.counts.checks.load(Ordering::Relaxed);
        let differences = load.differences();
        let rate = (acknowledged - before) as f64 / since.elapsed().as_secs_f64().max(0.1);
        let line = format!(
            "{acknowledged} commands ({rate:.0}/s), {checks} looks, {} differences; MiB: nodes {}, \
             PostgreSQL's first {postgres}, NATS {nats}; {}",
            differences.len(),
            memory.join(" and "),
            seen.now.lock().unwrap()
        );
        for difference in differences.iter().skip(shown).take(SHOWN_MAX) {
            bar.suspend(|| println!("DIFFERENCE {difference:.600}"));
        }
        shown = differences.len();
        if since.elapsed() > LINE_EVERY {
            if bar.is_hidden() {
                println!("[{:.1} s] {line}", seen.started.elapsed().as_secs_f64());
            }
            (since, before) = (Instant::now(), acknowledged);
        }
        bar.set_message(line);
        bar.tick();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The resident memory of a process in bytes; 0 if it is gone.
fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
