//! How far the log's followers are behind, measured continuously: the age of what is due keeps
//! growing while no attempt succeeds, and while the database cannot be reached.

use std::time::{Duration, Instant};

use domain::Position;
use event_store::Standing;
use metrics::gauge;
use projections::{Generation, Progress};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Interval of the measurements, and the time-out of each.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What operators are shown about this node, and about the followers, leases and quarantined events
/// of all nodes.
pub(super) struct Watched {
    node: Uuid,
    log: PgPool,
    queries: PgPool,
    seen: watch::Receiver<Option<Seen>>,
}

/// The last measurement that succeeded, and when that was.
#[derive(Debug)]
struct Seen {
    standing: Standing,
    at: Instant,
}

/// All followers of the log, each with the name of its checkpoint: the read models, and the relay
/// unless it is off.
pub(super) fn followers(with_relay: bool) -> Vec<(&'static str, String)> {
    let live = Generation::live();
    let models = projections::MODELS.iter().map(|model| (model.name, live.schema(model.name)));
    models.chain(with_relay.then(|| (relay::NAME, relay::NAME.to_owned()))).collect()
}

impl Watched {
    /// Starts measuring, and setting the metrics, until `stop` is cancelled.
    pub(super) fn start(
        node: Uuid,
        (log, queries): (&PgPool, &PgPool),
        progress: &Progress,
        with_relay: bool,
        tasks: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Self {
        let (sender, seen) = watch::channel(None);
        let followers = followers(with_relay);
        tasks.spawn(look(log.clone(), followers, progress.clone(), sender, stop.clone()));
        Self { node, log: log.clone(), queries: queries.clone(), seen }
    }

    pub(super) fn details(&self) -> Map<String, Value> {
        let mut details = self.seen.borrow().as_ref().map(Seen::details).unwrap_or_default();
        details.insert("node".to_owned(), json!(self.node));
        let pools = [("log", &self.log), ("queries", &self.queries)];
        let pools = pools.map(|(name, pool)| {
            let max = pool.options().get_max_connections();
            (name.to_owned(), json!({ "size": pool.size(), "idle": pool.num_idle(), "max": max }))
        });
        details.insert("pools".to_owned(), Map::from_iter(pools).into());
        details
    }
}

async fn look(
    pool: PgPool,
    followers: Vec<(&'static str, String)>,
    progress: Progress,
    seen: watch::Sender<Option<Seen>>,
    stop: CancellationToken,
) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let at = Instant::now();
        let look = tokio::time::timeout(LOOK_EVERY, Standing::read(&pool, &followers));
        // A failure is not logged here: other users of the database report it themselves.
        if let Some(Ok(Ok(standing))) = stop.run_until_cancelled(look).await {
            seen.send_replace(Some(Seen { standing, at }));
        }
        if let Some(seen) = &*seen.borrow() {
            seen.measure(&progress);
        }
    }
}

/// Whether some node should hold this lease all the time. That excludes the leases of read models
/// of another version and those of verbs, which would be reported as held by nobody for ever.
fn is_lasting(lease: &str) -> bool {
    lease == Generation::live().lease() || [reactors::NAME, relay::NAME].contains(&lease)
}

impl Seen {
    /// How long the oldest event has waited for a follower by now.
    fn lag_s(&self, lag_s: Option<f64>) -> f64 {
        lag_s.map_or(0.0, |lag_s| lag_s.max(0.0) + self.at.elapsed().as_secs_f64())
    }

    fn lag(&self, position: Position) -> i64 {
        (self.standing.head - position).max(0)
    }

    fn measure(&self, progress: &Progress) {
        let rows = progress.rows();
        // The lag is unknown until the checkpoints have been read.
        if rows != Position::UNKNOWN {
            gauge!("colloquy_projection_lag").set(self.lag(rows) as f64);
        }
        for follower in &self.standing.followers {
            let (lag, lag_s) = (self.lag(follower.position) as f64, self.lag_s(follower.lag_s));
            if follower.name == relay::NAME {
                gauge!("colloquy_relay_position").set(follower.position.get() as f64);
                gauge!("colloquy_relay_lag").set(lag);
                gauge!("colloquy_relay_lag_seconds").set(lag_s);
            } else {
                let name = follower.name.clone();
                gauge!("colloquy_projection_lag_seconds", "projection" => name).set(lag_s);
            }
        }
        for lease in self.standing.leases.iter().filter(|lease| is_lasting(&lease.name)) {
            let held = f64::from(lease.is_held);
            gauge!("colloquy_lease_held", "lease" => lease.name.clone()).set(held);
            gauge!("colloquy_lease_epoch", "lease" => lease.name.clone()).set(lease.epoch as f64);
        }
        gauge!("colloquy_quarantined_events").set(self.standing.quarantined.len() as f64);
    }

    fn details(&self) -> Map<String, Value> {
        let followers = self.standing.followers.iter().map(|follower| {
            json!({
                "name": follower.name,
                "position": follower.position,
                "lag": self.lag(follower.position),
                "lag_s": self.lag_s(follower.lag_s),
                "stopped": follower.stopped,
            })
        });
        let leases = self.standing.leases.iter().map(|lease| {
            json!({
                "name": lease.name,
                "owner": lease.owner,
                "epoch": lease.epoch,
                "expires_at": lease.expires_at,
                "is_held": lease.is_held,
            })
        });
        let quarantined = self.standing.quarantined.iter().map(|(position, quarantined)| {
            json!({
                "position": position,
                "quarantined_at": quarantined.at,
                "quarantined_by": quarantined.by,
                "reason": quarantined.reason,
            })
        });
        Map::from_iter([
            ("followers".to_owned(), followers.collect()),
            ("leases".to_owned(), leases.collect()),
            ("quarantined".to_owned(), quarantined.collect()),
            ("looked_s_ago".to_owned(), self.at.elapsed().as_secs_f64().into()),
        ])
    }
}
