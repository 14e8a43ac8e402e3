use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::Position;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{Error, Quarantined, quarantined};

/// Progress of the log's followers, holders of leases, and quarantined events, as stored in the
/// database.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The log's newest position.
    pub head: Position,
    /// In the order in which they were asked for.
    pub followers: Vec<Follower>,
    /// By name.
    pub leases: Vec<HeldLease>,
    /// By position.
    pub quarantined: BTreeMap<Position, Quarantined>,
}

/// A follower of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Follower {
    /// The name of a read model, or `relay`.
    pub name: String,
    /// It has processed everything up to here; 0 before it has begun.
    pub position: Position,
    /// Why it has stopped, if it has.
    pub stopped: Option<String>,
    /// Seconds that its next event has waited, by the database's clock; `None` if there is none.
    pub lag_s: Option<f64>,
}

crate::from_row!(Follower { name, position, stopped, lag_s });

/// The lease on a piece of work that runs on one node at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// The name of the work.
    pub name: String,
    /// The node that holds it; `None` when it was given back.
    pub owner: Option<Uuid>,
    /// How often it was taken.
    pub epoch: i64,
    /// When it expires unless it is renewed, by the database's clock; `None` when it was given
    /// back.
    pub expires_at: Option<DateTime<Utc>>,
    /// It is held, and has not expired.
    pub is_held: bool,
}

crate::from_row!(HeldLease { name, owner, epoch, expires_at, is_held });

impl Standing {
    /// Reads it for these followers, each given with the name of its checkpoint. The cost does not
    /// depend on how far they are behind.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn read(pool: &PgPool, followers: &[(&str, String)]) -> Result<Self, Error> {
        let failed = |source| Error::Database { doing: "read how far followers are", source };
        let (names, checkpoints): (Vec<&str>, Vec<&String>) =
            followers.iter().map(|(name, checkpoint)| (*name, checkpoint)).unzip();
        // The head is read last, so that no follower appears to be beyond it.
        let followers = sqlx::query_as(
            "select f.name, f.position, f.stopped,
                    extract(epoch from clock_timestamp() - e.recorded_at)::float8 as lag_s
             from (
                 select n.name, n.ordinality, coalesce(c.position, 0) as position, c.stopped
                 from unnest($1::text[], $2::text[]) with ordinality n (name, checkpoint)
                 left join checkpoints c on c.name = n.checkpoint
             ) f
             left join events e on e.position = f.position + 1
             order by f.ordinality",
        )
        .bind(names)
        .bind(checkpoints)
        .fetch_all(pool)
        .await
        .map_err(failed)?;
        let leases = sqlx::query_as(
            "select name, owner, epoch, nullif(expires_at, '-infinity') as expires_at,
                    owner is not null and expires_at > clock_timestamp() as is_held
             from leases
             order by name",
        )
        .fetch_all(pool)
        .await
        .map_err(failed)?;
        let quarantined = quarantined(pool).await?;
        let head = sqlx::query_scalar("select position from log_head")
            .fetch_one(pool)
            .await
            .map_err(failed)?;
        Ok(Self { head, followers, leases, quarantined })
    }
}
