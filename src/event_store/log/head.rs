//! What this process knows of the newest position, and how followers wait for the next one.

use std::time::Duration;

use domain::Position;
use tokio::sync::watch;

use super::Log;
use crate::Error;

/// Longest time that a follower waits without being woken before it looks at the head itself.
const POLL_MAX: Duration = Duration::from_millis(250);

impl Log {
    /// The newest committed position, 0 while there is none.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn head(&self) -> Result<Position, Error> {
        let head = sqlx::query_scalar("select position from log_head")
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("read the head of the log"))?;
        self.availability.answered();
        Ok(head)
    }

    /// Looks at the head of the log, and tells the followers in this process what it found.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn look(&self) -> Result<Position, Error> {
        // The known head was committed before the statement below begins, so a lower one means that
        // the database was restored to an earlier state.
        let before = *self.known.borrow();
        let head = self.head().await?;
        if head >= before {
            self.announce(head);
        } else {
            let what = format!("its log had {before} events, and has {head}");
            self.availability.fail_for_lost_time(what);
            self.ring.clear();
            self.known.send_if_modified(|known| {
                let unchanged = *known == before;
                *known = if unchanged { head } else { *known };
                unchanged
            });
        }
        Ok(head)
    }

    /// The newest position that this process knows to be committed, if it has ever looked.
    pub(crate) fn newest_seen(&self) -> Option<Position> {
        Some(*self.known.borrow()).filter(|known| *known != Position::UNKNOWN)
    }

    /// The newest position that this process knows to be committed; [`Position::UNKNOWN`] before it
    /// has looked.
    pub fn wakeups(&self) -> watch::Receiver<Position> {
        self.known.subscribe()
    }

    /// The newest position that this process has appended itself.
    pub fn own_appends(&self) -> watch::Receiver<Position> {
        self.own.subscribe()
    }

    /// Tells the followers in this process that it has itself appended up to `position`.
    pub(crate) fn appended(&self, position: Position) {
        self.announce(position);
        self.own.send_if_modified(|own| raise(own, position));
    }

    /// Tells the followers in this process that everything up to `position` is committed.
    pub fn announce(&self, position: Position) {
        self.known.send_if_modified(|known| raise(known, position));
    }

    /// Returns when there may be events above `position`: at once after an append of this process,
    /// within a quarter of a second after one of another node.
    pub async fn changed_after(&self, position: Position) {
        let mut known = self.known.subscribe();
        let mut delay = Duration::from_millis(20);
        loop {
            if *known.borrow_and_update() > position {
                return;
            }
            if tokio::time::timeout(delay, known.changed()).await.is_err() {
                // A failure here recurs in the read that follows, which reports it.
                if self.look().await.is_err() {
                    return tokio::time::sleep(POLL_MAX).await;
                }
                delay = (delay * 2).min(POLL_MAX);
            }
        }
    }
}

/// Raises a position, never lowers it. Returns whether it rose.
fn raise(known: &mut Position, position: Position) -> bool {
    let newer = position > *known;
    *known = (*known).max(position);
    newer
}
