use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::is_outage;

/// What this process knows of the database's availability, from the task that probes it and from
/// the appender. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Availability {
    outages: watch::Sender<Outages>,
    /// When the database last answered a read of the log or an append.
    answered: Arc<Mutex<Option<Instant>>>,
}

#[derive(Debug, Clone, Default)]
struct Outages {
    /// It does not answer, or takes no writes.
    database: Option<Arc<str>>,
    /// It answers, but events cannot be appended.
    appending: Option<Arc<str>>,
    /// This process has to be restarted: it knows more than the database holds, or cannot go on.
    fatal: Option<Arc<str>>,
}

impl Outages {
    fn reason(&self) -> Option<Arc<str>> {
        let reasons = [&self.fatal, &self.database, &self.appending];
        reasons.into_iter().find_map(Clone::clone)
    }
}

impl Availability {
    /// What is wrong, if anything is, in words for clients.
    pub fn outage(&self) -> Option<Arc<str>> {
        self.outages.borrow().reason()
    }

    /// Whether an error is due to a known outage, which has been logged already.
    pub fn explains(&self, error: &(dyn StdError + 'static)) -> bool {
        self.outage().is_some() && is_outage(error)
    }

    /// Returns what is wrong as soon as something is.
    pub async fn next_outage(&self) -> Arc<str> {
        self.next(Outages::reason).await
    }

    /// Returns the reason as soon as this process cannot continue; only a restart helps.
    pub async fn failed(&self) -> Arc<str> {
        self.next(|outages| outages.fatal.clone()).await
    }

    async fn next(&self, reason: fn(&Outages) -> Option<Arc<str>>) -> Arc<str> {
        let mut outages = self.outages.subscribe();
        let begun = outages.wait_for(|outages| reason(outages).is_some()).await;
        // `self` owns the sender, so the channel is never closed.
        begun.ok().and_then(|outages| reason(&outages)).unwrap_or_else(|| "unknown".into())
    }

    /// This process cannot go on; the first reason counts.
    pub(crate) fn fail(&self, reason: impl Into<Arc<str>>) {
        self.outages.send_if_modified(|outages| {
            let is_first = outages.fatal.is_none();
            if is_first {
                let reason = reason.into();
                tracing::error!(%reason, "the process cannot continue");
                outages.fatal = Some(reason);
            }
            is_first
        });
    }

    /// The database was restored to an earlier state than this process has already seen.
    pub fn fail_for_lost_time(&self, what: impl fmt::Display) {
        self.fail(format!(
            "the database has gone back in time, and what this process remembers is no longer \
             true: {what}; it has to be started again"
        ));
    }

    /// The database has just answered.
    pub(crate) fn answered(&self) {
        *self.last_answer() = Some(Instant::now());
    }

    pub(super) fn last_answer(&self) -> MutexGuard<'_, Option<Instant>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_appending(&self, outage: Option<&str>) {
        self.set(|outages| &mut outages.appending, outage, None);
    }

    pub(super) fn set_database(&self, outage: Option<&str>, causes: Option<String>) {
        self.set(|outages| &mut outages.database, outage, causes);
    }

    /// Notifies waiters, and logs, only on a change.
    fn set(
        &self,
        of: fn(&mut Outages) -> &mut Option<Arc<str>>,
        outage: Option<&str>,
        causes: Option<String>,
    ) {
        self.outages.send_if_modified(|outages| {
            let known = of(outages);
            let turned = known.is_some() != outage.is_some();
            if turned {
                *known = outage.map(Arc::from);
                match outage {
                    Some(reason) => {
                        tracing::error!(reason, error = causes, "requests are refused");
                    }
                    None => tracing::info!("requests are answered again"),
                }
            }
            turned
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn a_known_outage_explains_what_fails_for_the_database_and_nothing_else() {
        let availability = Availability::default();
        let unreachable = Error::Database { doing: "try", source: sqlx::Error::PoolTimedOut };
        let ours = Error::Database { doing: "try", source: sqlx::Error::RowNotFound };
        assert!(!availability.explains(&unreachable));
        availability.set_appending(Some("PostgreSQL is unreachable"));
        assert!(availability.explains(&unreachable) && !availability.explains(&ours));
    }
}
