use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::Error;

/// Accounts whose position is remembered; when there are more, all are looked up anew.
const ACCOUNTS_MAX: usize = 100_000;

/// How far the read models have come, as this node knows it: one position for all of them, but for those that
/// are stopped.
#[derive(Debug, Clone)]
pub struct Progress {
    pool: PgPool,
    /// Everything up to here is in the rows, and what the node remembers is no older.
    position: watch::Sender<i64>,
    /// The account positions at `position`, of accounts that had an event since the start or were asked for.
    accounts: Arc<Mutex<HashMap<i64, i64>>>,
    stopped: Arc<RwLock<BTreeMap<&'static str, String>>>,
}

impl Progress {
    pub(crate) fn new(pool: PgPool) -> Self {
        let position = watch::Sender::new(-1);
        Self { pool, position, accounts: Arc::default(), stopped: Arc::default() }
    }

    /// The log position that every answer reflects; -1 before it is known.
    pub fn position(&self) -> i64 {
        *self.position.borrow()
    }

    /// Waits until the read models have reached a log position; false when that takes too long.
    pub async fn wait_for(&self, position: i64, timeout: Duration) -> bool {
        let mut reached = self.position.subscribe();
        let reached = reached.wait_for(|reached| *reached >= position);
        matches!(tokio::time::timeout(timeout, reached).await, Ok(Ok(_)))
    }

    /// How many events of an account every answer reflects.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn account_position(&self, account: i64) -> Result<i64, Error> {
        if let Some(position) = self.lock().get(&account) {
            return Ok(*position);
        }
        let found: Option<i64> = sqlx::query_scalar(
            "select account_position
             from events
             where account_id = $1 and position <= $2
             order by account_position desc
             limit 1",
        )
        .bind(account)
        .bind(self.position())
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("read an account's position"))?;
        let mut accounts = self.lock();
        // Meanwhile a newer one may have come in.
        let position = *accounts.entry(account).or_default();
        let position = position.max(found.unwrap_or(0));
        accounts.insert(account, position);
        Ok(position)
    }

    /// Waits until answers reflect so many events of an account; false when that takes too long.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn wait_for_account(
        &self,
        account: i64,
        position: i64,
        timeout: Duration,
    ) -> Result<bool, Error> {
        let deadline = Instant::now() + timeout;
        let mut moved = self.position.subscribe();
        loop {
            moved.mark_unchanged();
            if self.account_position(account).await? >= position {
                return Ok(true);
            }
            match timeout_at(deadline, moved.changed()).await {
                Ok(Ok(())) => {}
                _ => return Ok(false),
            }
        }
    }

    /// Read models that are stopped, each with the reason.
    pub fn stopped(&self) -> Vec<(&'static str, String)> {
        let stopped = self.stopped.read().unwrap_or_else(PoisonError::into_inner);
        stopped.iter().map(|(name, reason)| (*name, reason.clone())).collect()
    }

    /// Refuses a question to which a stopped read model has the answer.
    ///
    /// # Errors
    /// [`Error::Stopped`] for the first one that is.
    pub(crate) fn require(&self, models: &[&'static str]) -> Result<(), Error> {
        let stopped = self.stopped.read().unwrap_or_else(PoisonError::into_inner);
        match models.iter().find_map(|model| stopped.get_key_value(model)) {
            None => Ok(()),
            Some((model, reason)) => Err(Error::Stopped { model, reason: reason.clone() }),
        }
    }

    /// Everything up to a position is shown now; `accounts` are those that had events on the way.
    pub(crate) fn reached(&self, position: i64, accounts: impl IntoIterator<Item = (i64, i64)>) {
        {
            let mut known = self.lock();
            if known.len() > ACCOUNTS_MAX {
                known.clear();
            }
            for (account, position) in accounts {
                let known = known.entry(account).or_default();
                *known = position.max(*known);
            }
        }
        self.position.send_if_modified(|at| std::mem::replace(at, position) != position);
    }

    /// The rows are as of this position, which may be an earlier one than was known: the database lost a tail that
    /// was not yet on its disk, and the log fills it again.
    pub(crate) fn begin(&self, position: i64) {
        self.lock().clear();
        self.position.send_if_modified(|at| std::mem::replace(at, position) != position);
    }

    pub(crate) fn set_stopped(&self, models: BTreeMap<&'static str, String>) {
        *self.stopped.write().unwrap_or_else(PoisonError::into_inner) = models;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, i64>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
