use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::{badge, conversation_list, directory, inbox, messages, timers};

/// How far each read model has come, as this process knows it.
#[derive(Debug, Clone)]
pub struct Progress {
    positions: Arc<BTreeMap<&'static str, watch::Sender<i64>>>,
    failures: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            positions: Arc::new(
                Self::names().iter().map(|name| (*name, watch::Sender::new(-1))).collect(),
            ),
            failures: Arc::default(),
        }
    }
}

impl Progress {
    /// All read models.
    pub fn names() -> &'static [&'static str] {
        &[
            directory::NAME,
            conversation_list::NAME,
            inbox::NAME,
            badge::NAME,
            messages::NAME,
            timers::NAME,
        ]
    }

    /// Waits until all the named read models have reached a position; false when that takes too long.
    pub async fn reached(&self, names: &[&'static str], position: i64, timeout: Duration) -> bool {
        let all = async {
            for name in names {
                let mut at = self.positions[name].subscribe();
                if at.wait_for(|at| *at >= position).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(timeout, all).await.is_ok()
    }

    /// The position of one read model, -1 before it is known.
    pub fn position(&self, name: &str) -> i64 {
        self.positions.get(name).map_or(-1, |at| *at.borrow())
    }

    /// What an answer made from all of these reflects for certain.
    pub fn least(&self, names: &[&'static str]) -> i64 {
        names.iter().map(|name| self.position(name)).min().unwrap_or(0).max(0)
    }

    /// Read models that stand still, each with the reason.
    pub fn failures(&self) -> Vec<(String, String)> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.iter().map(|(name, why)| ((*name).to_owned(), why.clone())).collect()
    }

    pub(crate) fn moved(&self, name: &'static str, position: i64) {
        self.positions[name].send_if_modified(|at| std::mem::replace(at, position) != position);
        metrics::gauge!("colloquy_projection_position", "projection" => name).set(position as f64);
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    pub(crate) fn failed(&self, name: &'static str, why: String) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).insert(name, why);
    }
}
