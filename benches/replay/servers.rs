//! What running servers do: follow the log, and take over from one that was killed.

use std::time::{Duration, Instant};

use domain::Position;
use sqlx::PgPool;

use crate::history::History;
use crate::installation::{Installation, Node};
use crate::{row, timed};

/// Events of a round: few enough to be appended before a lease expires, and to be followed in
/// ordinary batches instead of the large ones of filling.
const BACKLOG: i64 = 4_000;
const ROUNDS: usize = 3;
/// No wait takes this long unless a server has ended, or cannot go on.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The position of the read model that is furthest behind.
async fn position(pool: &PgPool) -> Position {
    let least = "select coalesce(min(position), 0) from checkpoints where schema_oid is not null";
    sqlx::query_scalar(least).fetch_one(pool).await.unwrap()
}

async fn reach(pool: &PgPool, to: Position) {
    let (mut at, mut moved) = (Position::UNKNOWN, Instant::now());
    while at < to {
        let now = position(pool).await;
        if now != at {
            (at, moved) = (now, Instant::now());
        }
        assert!(moved.elapsed() < PATIENCE, "the read models stay at {at}, on the way to {to}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Suspends a server while much is written, and resumes it: it catches up in its ordinary small
/// batches.
pub async fn tail(installation: &Installation, history: &History) {
    let (log, node) = (&installation.log, installation.serve());
    reach(log.pool(), log.head().await.unwrap()).await;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        signal(&node, libc::SIGSTOP);
        let appended = history.extend(BACKLOG).await;
        let behind = log.head().await.unwrap() - position(log.pool()).await;
        signal(&node, libc::SIGCONT);
        let (_, seconds) = timed(reach(log.pool(), log.head().await.unwrap())).await;
        assert!(behind <= appended);
        rates.push(behind as f64 / seconds);
    }
    row("tailing: a server that catches up, alone", &format!("{:.0}/s", median(rates)), "");
    // Now events are appended while the server follows, both on the same cores.
    let (appended, seconds) = timed(async {
        let appended = history.extend(10 * BACKLOG).await;
        reach(log.pool(), log.head().await.unwrap()).await;
        appended
    })
    .await;
    let rate = format!("{:.0}/s", appended as f64 / seconds);
    row("tailing beside commands at full speed", &rate, "commands on the same cores");
}

/// Runs two servers, and kills the one that writes the read models while commands go on.
pub async fn take_over(installation: &Installation, history: &History) {
    let pool = installation.log.pool();
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        // Waits until the lease of the last round has expired.
        wait_until_led(pool, false).await;
        let owner = installation.serve();
        wait_until_led(pool, true).await;
        let _other = installation.serve();
        reach(pool, installation.log.head().await.unwrap()).await;
        // Long enough for the other one to have started, too.
        tokio::time::sleep(Duration::from_secs(3)).await;
        drop(owner);
        let killed = Instant::now();
        let before = position(pool).await;
        history.extend(1_000).await;
        reach(pool, before.next()).await;
        seconds.push(killed.elapsed().as_secs_f64());
    }
    let measured = format!("{:.1} s", median(seconds));
    row("kill -9 of the writer, to the other's first batch", &measured, "a lease lasts 6 s");
}

/// Waits until a node holds the lease of the read models, or until none does.
async fn wait_until_led(pool: &PgPool, led: bool) {
    let held = "select exists (select from leases where name like 'projector%'
                               and owner is not null and expires_at > clock_timestamp())";
    let asked = Instant::now();
    while sqlx::query_scalar::<_, bool>(held).fetch_one(pool).await.unwrap() != led {
        assert!(asked.elapsed() < PATIENCE, "whether they are written does not become {led}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn signal(node: &Node, signal: i32) {
    // SAFETY: the process is a child that has not been waited for, so the id is still its own.
    assert_eq!(unsafe { libc::kill(node.id(), signal) }, 0);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
