use std::time::Duration;

use domain::Position;
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{Error, Generation};

/// A copy that is more events behind than this counts as being built.
const BUILDING_BEHIND: i64 = 5_000;

/// The state of a copy of a read model, as the database has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The model's name.
    pub model: String,
    /// The version of the nodes that answer from it.
    pub version: i32,
    pub generation: String,
    /// All events up to here are applied.
    pub position: Position,
    /// The newest position of the log.
    pub head: Position,
    /// How long the next event has waited, in seconds by the database's clock; `None` if there is
    /// none.
    pub lag_s: Option<f64>,
    /// Why it is stopped.
    pub stopped: Option<String>,
    /// The node or verb that holds its lease.
    pub owner: Option<Uuid>,
    /// How often the lease changed hands.
    pub epoch: Option<i64>,
}

event_store::from_row!(Status {
    model,
    version,
    generation,
    position,
    head,
    lag_s,
    stopped,
    owner,
    epoch
});

/// What state a copy is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Answers queries and is kept up to date.
    Live,
    /// Being built.
    Building,
    /// It cannot go on.
    Stopped,
    /// It is not kept up to date: no server of its version runs, or what built it was interrupted.
    Unattended,
}

/// What operators are told of a copy of a read model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The model's name.
    pub model: String,
    /// The version of the nodes that answer from it.
    pub version: i32,
    pub generation: String,
    /// Its state.
    pub state: State,
    /// All events up to here are applied.
    pub position: Position,
    /// Events that are not applied yet.
    pub lag: i64,
    /// How long the oldest of them has waited, in seconds.
    pub lag_s: f64,
    /// How much of the log is applied, in percent.
    pub percent: f64,
    /// Events applied a second, measured over half a second.
    pub rate: f64,
    /// Seconds until it is built at this rate; `None` if it is not being built or does not move.
    pub left_s: Option<f64>,
    /// The node or verb that holds its lease.
    pub owner: Option<Uuid>,
    /// How often the lease changed hands.
    pub epoch: Option<i64>,
    /// Why it is stopped, with the event's position.
    pub stopped: Option<String>,
}

/// The interval over which rates are measured.
const WATCHED_FOR: Duration = Duration::from_millis(500);

impl Report {
    /// Reports all copies. Takes half a second, over which the rates are measured.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn all(pool: &PgPool) -> Result<Vec<Self>, Error> {
        let before = Status::read(pool).await?;
        tokio::time::sleep(WATCHED_FOR).await;
        let rate = |status: &Status| {
            let before = before.iter().find(|before| before.generation == status.generation);
            let moved = before.map_or(0, |before| (status.position - before.position).max(0));
            moved as f64 / WATCHED_FOR.as_secs_f64()
        };
        let found = Status::read(pool).await?;
        Ok(found.into_iter().map(|status| Self::new(rate(&status), status)).collect())
    }

    fn new(rate: f64, status: Status) -> Self {
        Self {
            state: status.state(),
            lag: status.lag(),
            lag_s: status.lag_s.unwrap_or(0.0).max(0.0),
            percent: status.percent(),
            left_s: status.left_s(rate),
            rate,
            model: status.model,
            version: status.version,
            generation: status.generation,
            position: status.position,
            owner: status.owner,
            epoch: status.epoch,
            stopped: status.stopped,
        }
    }
}

impl Status {
    /// Reads the state of all copies, newest version first. The cost does not depend on how far
    /// behind they are.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn read(pool: &PgPool) -> Result<Vec<Self>, Error> {
        sqlx::query_as(
            "select regexp_replace(c.name, '_[0-9]+(_next|_old)?$', '') as model, c.version,
                    c.name as generation, c.position, h.position as head, c.stopped,
                    extract(epoch from clock_timestamp() - e.recorded_at)::float8 as lag_s, l.owner,
                    l.epoch
             from checkpoints c
             cross join log_head h
             left join events e on e.position = c.position + 1
             left join leases l
                    on l.name = case when c.name ~ '_(next|old)$' then 'rebuild_'
                        else 'projector_' end || c.version
                   and l.owner is not null
                   and l.expires_at > clock_timestamp()
             where c.schema_oid = to_regnamespace(c.name)
             order by c.version desc, c.name",
        )
        .fetch_all(pool)
        .await
        .map_err(Error::database("read how the read models are"))
    }

    /// Events that are not applied yet.
    pub fn lag(&self) -> i64 {
        (self.head - self.position).max(0)
    }

    /// The state that follows from its lease and its position.
    pub fn state(&self) -> State {
        match (&self.stopped, self.owner) {
            (Some(_), _) => State::Stopped,
            (None, None) => State::Unattended,
            (None, Some(_)) if self.generation.ends_with("_next") => State::Building,
            (None, Some(_)) if self.lag() > BUILDING_BEHIND => State::Building,
            (None, Some(_)) => State::Live,
        }
    }

    /// How much of the log is applied, in percent.
    pub fn percent(&self) -> f64 {
        match self.head {
            Position::START => 100.0,
            head => self.position.get() as f64 * 100.0 / head.get() as f64,
        }
    }

    /// Seconds until it is built at this rate, in events a second.
    pub fn left_s(&self, rate: f64) -> Option<f64> {
        (self.state() == State::Building && rate > 0.0).then(|| self.lag() as f64 / rate)
    }
}

/// Makes nodes of this version try a stopped read model again, with its relatives that are stopped.
/// Returns those that were stopped, each with its position.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn retry(pool: &PgPool, name: &str) -> Result<Vec<(String, Position)>, Error> {
    let related = Generation::live().with_relatives(&[name]);
    sqlx::query_as(
        "update checkpoints
         set stopped = null
         where name = any($1) and stopped is not null
         returning name, position",
    )
    .bind(related.schemas())
    .fetch_all(pool)
    .await
    .map_err(Error::database("try a stopped read model again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_copy_is_depends_on_who_writes_it_and_how_far_it_is() {
        let live = Status {
            model: "messages".to_owned(),
            version: 3,
            generation: "messages_4".to_owned(),
            position: Position::new(90_000),
            head: Position::new(90_010),
            lag_s: Some(0.1),
            stopped: None,
            owner: Some(Uuid::nil()),
            epoch: Some(1),
        };
        let far =
            Status { position: Position::new(22_500), head: Position::new(90_000), ..live.clone() };
        let next = Status { generation: "messages_4_next".to_owned(), ..live.clone() };
        let stopped = Status { stopped: Some("why".to_owned()), ..live.clone() };
        let alone = Status { owner: None, ..next.clone() };
        let states = [&live, &far, &next, &stopped, &alone].map(Status::state);
        use State::*;
        assert_eq!(states, [Live, Building, Building, Stopped, Unattended]);
        assert_eq!((far.percent(), far.left_s(1_000.0)), (25.0, Some(67.5)));
        assert_eq!(live.left_s(1_000.0), None);
    }
}
