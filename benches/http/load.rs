//! Three ways to put load on a server: callers that each send again when answered, a list of
//! requests sent once, and requests that are due at their time whether or not the ones before are
//! answered.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::mpsc;

use crate::client::{Connection, Response};

/// What one connection sends, over and over.
pub type Script = Vec<Vec<u8>>;

/// Outcomes and latencies of requests.
#[derive(Debug, Default)]
pub struct Tally {
    latencies_us: Vec<u32>,
    /// How many were answered with another status than 2xx.
    failures: BTreeMap<u16, u64>,
    elapsed: Duration,
}

impl Tally {
    /// Sends a request, with its latency counted from when it was due.
    async fn send<'a>(
        &mut self,
        connection: &'a mut Connection,
        request: &[u8],
        due: Instant,
    ) -> Response<'a> {
        let response = connection.send(request).await;
        self.latencies_us.push(due.elapsed().as_micros() as u32);
        if !(200..300).contains(&response.status) {
            *self.failures.entry(response.status).or_default() += 1;
        }
        response
    }

    pub fn merge(tallies: impl IntoIterator<Item = Self>) -> Self {
        tallies.into_iter().fold(Self::default(), |mut all, one| {
            all.latencies_us.extend(one.latencies_us);
            one.failures
                .into_iter()
                .for_each(|(status, n)| *all.failures.entry(status).or_default() += n);
            all.elapsed += one.elapsed;
            all
        })
    }

    fn of_callers(tallies: Vec<Self>, started: Instant) -> Self {
        Self { elapsed: started.elapsed(), ..Self::merge(tallies) }
    }

    pub fn answers(&self) -> usize {
        self.latencies_us.len()
    }

    pub fn rate(&self) -> f64 {
        self.answers() as f64 / self.elapsed.as_secs_f64()
    }

    /// In milliseconds.
    pub fn quantile_ms(&self, part: f64) -> f64 {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_unstable();
        let at = ((sorted.len() - 1) as f64 * part) as usize;
        f64::from(sorted[at]) / 1000.0
    }

    /// How many were not answered with 2xx, by status.
    pub fn failed(&self) -> String {
        let each: Vec<String> = self.failures.iter().map(|(s, n)| format!("{n} × {s}")).collect();
        if each.is_empty() { "0".to_owned() } else { each.join(", ") }
    }
}

/// One caller for each script, each sending its next request as soon as it is answered.
pub async fn drive(address: SocketAddr, scripts: &[Script], duration: Duration) -> Tally {
    let mut connections = connect(address, scripts.len()).await;
    let started = Instant::now();
    let callers = connections.iter_mut().zip(scripts).map(async |(connection, script)| {
        let mut tally = Tally::default();
        for request in script.iter().cycle() {
            let now = Instant::now();
            if now - started >= duration {
                break;
            }
            tally.send(connection, request, now).await;
        }
        tally
    });
    Tally::of_callers(join_all(callers).await, started)
}

/// Sends each request once, over `callers` connections. `answered` gets each response with the
/// request's index.
pub async fn send_all(
    address: SocketAddr,
    callers: usize,
    requests: impl Iterator<Item = impl AsRef<[u8]>>,
    answered: impl FnMut(usize, Response<'_>),
) -> Tally {
    let mut connections = connect(address, callers).await;
    let (requests, answered) = (RefCell::new(requests.enumerate()), RefCell::new(answered));
    let next = || requests.borrow_mut().next();
    let started = Instant::now();
    let callers = connections.iter_mut().map(async |connection| {
        let mut tally = Tally::default();
        while let Some((place, request)) = next() {
            let response = tally.send(connection, request.as_ref(), Instant::now()).await;
            (answered.borrow_mut())(place, response);
        }
        tally
    });
    Tally::of_callers(join_all(callers).await, started)
}

/// Sends `per_second` requests each second, from the scripts in turn; latencies count from when
/// each was due.
pub async fn on_the_clock(
    address: SocketAddr,
    scripts: &[Script],
    per_second: u32,
    duration: Duration,
) -> Tally {
    let mut connections = connect(address, scripts.len()).await;
    let (ticks, dues): (Vec<_>, Vec<_>) =
        scripts.iter().map(|_| mpsc::unbounded_channel::<Instant>()).unzip();
    let started = Instant::now();
    // A thread of its own: the runtime's timers are as coarse as a millisecond.
    let clock = std::thread::spawn(move || {
        for (n, tick) in (0..).zip(ticks.iter().cycle()) {
            let due = started + Duration::from_secs(1) * n / per_second;
            if due - started >= duration {
                break;
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            tick.send(due).unwrap();
        }
    });
    let last = Cell::new(Duration::ZERO);
    let callers = connections.iter_mut().zip(scripts).zip(dues).map(
        async |((connection, script), mut due)| {
            let mut tally = Tally::default();
            let mut script = script.iter().cycle();
            while let (Some(due), Some(request)) = (due.recv().await, script.next()) {
                tally.send(connection, request, due).await;
                last.set(started.elapsed());
            }
            tally
        },
    );
    let tally = Tally::of_callers(join_all(callers).await, started);
    clock.join().unwrap();
    Tally { elapsed: last.get(), ..tally }
}

async fn connect(address: SocketAddr, count: usize) -> Vec<Connection> {
    join_all((0..count).map(|_| Connection::open(address))).await
}
