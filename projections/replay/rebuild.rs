use std::time::Duration;

use domain::Position;
use event_store::Lease;
use sqlx::PgConnection;

use super::switch::{PAUSE_MIN, Switch, drop_old, forget};
use super::{Replay, Report, Step};
use crate::projector::{Fill, Standing, dedicated, index, prepare};
use crate::{Error, Generation};

/// The longest pause between two attempts to switch; pauses double from [`PAUSE_MIN`].
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Up to where a copy may be filled.
pub(super) struct Reach {
    pub(super) to: Position,
    /// Whether a node is writing what is shown: the copy must not get ahead of it.
    pub(super) is_bound: bool,
}

impl Replay {
    /// Rebuilds models, with those that depend on them, beside the ones that are shown, and then
    /// switches to the new ones. Readers see either the old or the new rows, both at the same
    /// position. An interrupted run is resumed, unless `anew` is given. Returns the position.
    ///
    /// # Errors
    /// [`Error::Refused`] for an event that cannot be applied; [`Error::UnderWay`] if another
    /// process does it; when PostgreSQL fails.
    pub async fn rebuild(
        &self,
        names: &[&str],
        anew: bool,
        report: Report<'_>,
    ) -> Result<Position, Error> {
        let (live, mut anew) = (self.chosen(names), anew);
        let work = async |lease: &Lease| {
            let anew = std::mem::take(&mut anew);
            self.rebuild_under(lease, &live, anew, report).await
        };
        self.under(&live.rebuild_lease(), work).await
    }

    async fn rebuild_under(
        &self,
        lease: &Lease,
        live: &Generation,
        anew: bool,
        report: Report<'_>,
    ) -> Result<Position, Error> {
        let next = live.next();
        let mut connection = dedicated(&self.log, &next).await?;
        drop_old(&mut connection, live).await?;
        let fill = self.fill(lease, &next);
        let found = Standing::read(&mut *connection, &next).await?;
        if anew || !found.is_some_and(|standing| fill.can_go_on(&standing)) {
            forget(&mut connection, &next).await?;
        }
        prepare(&mut connection, lease, &next).await?;
        let at = fill.level(&mut connection).await?.ok_or(Error::CheckpointMoved)?;
        let mut at = self.catch_up(&mut connection, &fill, live, at, report).await?;
        report(Step::Indexing);
        index(&mut connection, lease, &next).await?;
        let mut pause = PAUSE_MIN;
        loop {
            at = self.catch_up(&mut connection, &fill, live, at, &mut |_| {}).await?;
            match self.switch(&mut connection, lease, live, at).await? {
                Switch::Done(position) => {
                    drop_old(&mut connection, live).await?;
                    return Ok(position);
                }
                Switch::Behind => {}
                Switch::Busy => {
                    report(Step::Switching);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Fills a copy until it is near to what is shown. Each round has less to do, because less was
    /// written during the last one. Returns the copy's position.
    async fn catch_up(
        &self,
        connection: &mut PgConnection,
        fill: &Fill<'_>,
        live: &Generation,
        mut at: Position,
        report: Report<'_>,
    ) -> Result<Position, Error> {
        loop {
            let to = self.reach(connection, live).await?.to;
            if to > at {
                report(Step::Filled { at, to });
                let mut reached = |led, followed| report(Step::filled(led, followed, to));
                fill.run(connection, at, to, &mut reached).await?;
            }
            let behind = to - at;
            at = at.max(to);
            if behind <= self.near {
                return Ok(at);
            }
        }
    }

    /// Where to fill a copy to: to the position of the running models while a node advances them,
    /// else to the head of the log.
    pub(super) async fn reach(
        &self,
        connection: &mut PgConnection,
        live: &Generation,
    ) -> Result<Reach, Error> {
        let (is_held, shown): (bool, Option<Position>) = sqlx::query_as(
            "select exists (select from leases
                            where name = $1 and owner is not null
                              and expires_at > clock_timestamp()),
                    coalesce((select max(position) from checkpoints where name = any($2)
                              and stopped is null),
                             (select max(position) from checkpoints where name = any($3)
                              and stopped is null))",
        )
        .bind(live.lease())
        .bind(live.schemas())
        .bind(self.live.schemas())
        .fetch_one(connection)
        .await
        .map_err(Error::database("read the checkpoints"))?;
        Ok(match shown {
            Some(to) if is_held => Reach { to, is_bound: true },
            _ => Reach { to: self.log.head().await?, is_bound: false },
        })
    }
}
