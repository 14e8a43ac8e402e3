use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{AccountId, AccountPosition, Position};
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::projector::Standing;
use crate::{Error, Generation};

/// Most account positions in the cache; when there are more, the cache is cleared.
const ACCOUNTS_MAX: usize = 100_000;

/// The position that this node announces for its read models: one for all that are neither stopped
/// nor behind.
#[derive(Debug, Clone)]
pub struct Progress {
    pool: PgPool,
    /// The copy of the read models that the position is about.
    pub(crate) generation: Generation,
    shown: watch::Sender<Shown>,
    /// Account positions as of the announced position, of accounts that had an event since the
    /// start or were looked up.
    accounts: Arc<Mutex<HashMap<AccountId, AccountPosition>>>,
}

#[derive(Debug)]
struct Shown {
    /// Every answer reflects all events up to here. It never decreases: a model whose rows are set
    /// back counts as behind, and answers no query until it has reached this position again.
    position: Position,
    /// The position of the running model that is furthest behind.
    rows: Position,
    /// Stopped models, each with the reason.
    stopped: BTreeMap<&'static str, String>,
    /// Running models whose rows do not reach `position`.
    behind: BTreeSet<&'static str>,
}

impl Shown {
    fn is_level(&self) -> bool {
        self.position != Position::UNKNOWN && self.behind.is_empty()
    }
}

impl Progress {
    pub(crate) fn new(pool: PgPool, generation: Generation) -> Self {
        let (stopped, behind) = (BTreeMap::new(), BTreeSet::new());
        let shown = Shown { position: Position::UNKNOWN, rows: Position::UNKNOWN, stopped, behind };
        Self { pool, generation, shown: watch::Sender::new(shown), accounts: Arc::default() }
    }

    /// The log position that every answer reflects; [`Position::UNKNOWN`] before it is known.
    pub fn position(&self) -> Position {
        self.shown.borrow().position
    }

    /// The position that the rows have reached: below `position` while they are written again, and
    /// [`Position::UNKNOWN`] before it is known.
    pub fn rows(&self) -> Position {
        self.shown.borrow().rows
    }

    /// Whether all running read models have reached `position`. They have not yet after a start, or
    /// after a crash of PostgreSQL that lost their newest rows.
    pub fn is_level(&self) -> bool {
        self.shown.borrow().is_level()
    }

    /// Refuses queries until the rows have reached this log position.
    pub fn promise(&self, position: Position) {
        self.shown.send_modify(|shown| {
            shown.position = position.max(shown.position);
            shown.behind.extend(self.generation.models.iter().map(|model| model.name));
        });
    }

    /// Waits until the read models have reached a log position; false after the timeout.
    pub async fn wait_for(&self, position: Position, timeout: Duration) -> bool {
        let mut shown = self.shown.subscribe();
        let reached = shown.wait_for(|shown| shown.position >= position);
        matches!(tokio::time::timeout(timeout, reached).await, Ok(Ok(_)))
    }

    /// The account position that every answer reflects.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn account_position(&self, account: AccountId) -> Result<AccountPosition, Error> {
        if let Some(position) = self.lock().get(&account) {
            return Ok(*position);
        }
        let found = event_store::account_position_at(&self.pool, account, self.position())
            .await
            .map_err(Error::database("read an account's position"))?;
        let mut accounts = self.lock();
        // The projector may have set a newer one meanwhile.
        let position = *accounts.entry(account).or_default();
        let position = position.max(found);
        accounts.insert(account, position);
        Ok(position)
    }

    /// Waits until no read model is behind; false after the timeout.
    pub async fn wait_until_level(&self, timeout: Duration) -> bool {
        let mut shown = self.shown.subscribe();
        let level = shown.wait_for(Shown::is_level);
        matches!(tokio::time::timeout(timeout, level).await, Ok(Ok(_)))
    }

    /// Waits until answers reflect this position of an account; false after the timeout.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn wait_for_account(
        &self,
        account: AccountId,
        position: AccountPosition,
        timeout: Duration,
    ) -> Result<bool, Error> {
        let deadline = Instant::now() + timeout;
        let mut moved = self.shown.subscribe();
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

    /// Stopped read models, each with the reason.
    pub fn stopped(&self) -> Vec<(&'static str, String)> {
        let shown = self.shown.borrow();
        shown.stopped.iter().map(|(name, reason)| (*name, reason.clone())).collect()
    }

    /// Fails if one of the read models that a query needs cannot answer now.
    ///
    /// # Errors
    /// [`Error::Stopped`] for the first stopped one, else [`Error::NotCaughtUp`].
    pub(crate) fn require(&self, models: &[&'static str]) -> Result<(), Error> {
        let shown = self.shown.borrow();
        if let Some((model, reason)) =
            models.iter().find_map(|model| shown.stopped.get_key_value(model))
        {
            return Err(Error::Stopped { model, reason: reason.clone() });
        }
        match models.iter().find_map(|model| shown.behind.get(model)) {
            None => Ok(()),
            Some(model) => Err(Error::NotCaughtUp { model }),
        }
    }

    /// Records how far the rows are filled, before they can answer queries.
    pub(crate) fn filled(&self, position: Position) {
        self.shown.send_modify(|shown| shown.rows = position);
    }

    /// Announces where the checkpoints stand; `accounts` had events in the batch that led there.
    pub(crate) fn set(
        &self,
        standing: &Standing,
        accounts: impl IntoIterator<Item = (AccountId, AccountPosition)>,
    ) {
        // Before the position is announced: whoever sees it relies on these being known.
        self.remember(accounts);
        self.shown.send_if_modified(|shown| {
            let (behind, level): (Vec<_>, Vec<_>) =
                standing.running().partition(|(_, position)| *position < shown.position);
            let position = level.into_iter().map(|(_, position)| position).min();
            let position = position.unwrap_or(shown.position);
            let rows = standing.least().unwrap_or(shown.rows);
            let behind = behind.into_iter().map(|(name, _)| name).collect();
            let stopped = &standing.stopped;
            let changed = (shown.position, shown.rows) != (position, rows)
                || (&shown.stopped, &shown.behind) != (stopped, &behind);
            if changed {
                *shown = Shown { position, rows, stopped: stopped.clone(), behind };
            }
            changed
        });
    }

    /// Whether the checkpoints that a new connection sees have reached the announced position.
    /// After a crash of PostgreSQL they may not have; the models that it set back then count as
    /// behind.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub(crate) async fn is_kept(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let position = self.position();
        if position == Position::UNKNOWN {
            return Ok(true);
        }
        let models = &self.generation.models;
        let behind: Vec<String> = sqlx::query_scalar(
            "select model.name
             from unnest($1::text[]) as model(name)
             left join checkpoints c on c.name = model.name
             where coalesce(c.position, -1) < $2 and c.stopped is null",
        )
        .bind(self.generation.schemas())
        .bind(position)
        .fetch_all(connection)
        .await?;
        if behind.is_empty() {
            return Ok(true);
        }
        let set_back = models.iter().map(|model| model.name);
        let set_back = set_back.filter(|name| behind.contains(&self.generation.schema(name)));
        self.shown.send_modify(|shown| shown.behind.extend(set_back));
        Ok(false)
    }

    fn remember(&self, accounts: impl IntoIterator<Item = (AccountId, AccountPosition)>) {
        let mut known = self.lock();
        if known.len() > ACCOUNTS_MAX {
            known.clear();
        }
        for (account, position) in accounts {
            let known = known.entry(account).or_default();
            *known = position.max(*known);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, AccountPosition>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
