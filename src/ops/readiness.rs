//! Whether this node can take commands, computed from the parts that do the work.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::Position;
use event_store::Commands;
use projections::Progress;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::lag::Watched;

/// Read models that are behind and have not moved for this long count as stalled. Requests wait
/// just as long for them.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// The relay's status; `None` if publishing is off.
pub(super) type Relay = Option<watch::Receiver<relay::Status>>;

struct Parts {
    commands: Commands,
    progress: Progress,
    relay: Relay,
    watched: Watched,
    /// The read models' last observed position, and since when they have been behind at it.
    seen: Mutex<(Position, Instant)>,
}

/// Computes readiness from the node's parts.
pub(super) fn readiness(
    commands: &Commands,
    progress: &Progress,
    relay: Relay,
    watched: Watched,
) -> api::Readiness {
    let (commands, progress) = (commands.clone(), progress.clone());
    let seen = Mutex::new((Position::START, Instant::now()));
    let parts = Arc::new(Parts { commands, progress, relay, watched, seen });
    let details = parts.clone();
    api::Readiness {
        condition: Arc::new(move || parts.condition()),
        details: Arc::new(move || details.details()),
    }
}

impl Parts {
    fn condition(&self) -> api::Condition {
        let appender = self.commands.store().appender();
        if appender.queue_length() >= appender.queue_length_max() {
            return api::Condition::Unready("append queue: full".to_owned());
        }
        if let Some(outage) = self.commands.log().availability().outage() {
            return api::Condition::Unready(outage.to_string());
        }
        if self.is_stalled() {
            return api::Condition::Unready("projections: stalled".to_owned());
        }
        if !self.progress.is_level() {
            return api::Condition::Unready("projections: catching up".to_owned());
        }
        let stopped = self.progress.stopped();
        let mut failing =
            Vec::from_iter(stopped.iter().map(|(name, _)| format!("projection {name}")));
        if let Some(relay) = &self.relay {
            failing.extend(relay.borrow().failing().map(str::to_owned));
        }
        match failing.is_empty() {
            true => api::Condition::Ready,
            false => api::Condition::Degraded(failing),
        }
    }

    fn head(&self) -> Position {
        (*self.commands.log().wakeups().borrow()).max(Position::START)
    }

    /// Whether the read models have been behind at the same position for too long. Stopped models
    /// are reported by name instead.
    fn is_stalled(&self) -> bool {
        let (head, position) = (self.head(), self.progress.rows());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if position != seen.0 || position >= head {
            *seen = (position, Instant::now());
        }
        seen.1.elapsed() > STALLED_AFTER && self.progress.stopped().is_empty()
    }

    fn details(&self) -> Value {
        let (head, position) = (self.head(), self.progress.rows());
        let appender = self.commands.store().appender();
        let stopped: serde_json::Map<String, Value> = self
            .progress
            .stopped()
            .into_iter()
            .map(|(name, reason)| (name.to_owned(), reason.into()))
            .collect();
        let relay = self.relay.as_ref().map(|relay| {
            let status = relay.borrow();
            json!({
                "leader": status.leader,
                "connected": status.connected,
                "position": status.position,
                "failure": status.failure,
                "erasing": status.erasing,
            })
        });
        let mut details = json!({
            "postgresql": self.commands.log().availability().outage().as_deref(),
            "log": { "position": head },
            "append_queue": {
                "length": appender.queue_length(),
                "length_max": appender.queue_length_max(),
            },
            "projections": {
                "position": position,
                "lag": (head - position).max(0),
                "stopped": stopped,
            },
            "relay": relay,
        });
        details.as_object_mut().expect("it is made above").extend(self.watched.details());
        details
    }
}
