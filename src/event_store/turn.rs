use std::sync::Arc;

use sqlx::{Postgres, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::worker::announce;
use crate::{Append, Appended, Error, Log, call};

/// Exclusive right to append, taken by a command that keeps losing its stream to another node:
/// while it is held nobody else appends, so what is decided from the stream's newest event can be
/// appended.
///
/// Without it, the loser of a conflict reads the new events and decides again while the winner's
/// next append is already under way, which can go on for as long as the winner is busy. The
/// alternatives were back-off, which loses as well, and reserving the stream, which every append
/// would have to check.
pub(crate) struct Turn {
    tx: Transaction<'static, Postgres>,
    _one_in_this_process: OwnedMutexGuard<()>,
}

/// Serialises the turns within a process: all of them wait for the same row, and each holds a
/// connection while it waits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<()>>);

impl Turns {
    /// Waits until no append is under way, and keeps others from appending until the turn is used
    /// or dropped.
    pub(crate) async fn take(&self, log: &Log) -> Result<Turn, Error> {
        let one_in_this_process = Arc::clone(&self.0).lock_owned().await;
        let taking = async {
            let mut tx = log.pool().begin().await?;
            sqlx::query("select from log_head for update").execute(&mut *tx).await?;
            Ok(tx)
        };
        let tx = taking.await.map_err(Error::database("take the head of the log"))?;
        Ok(Turn { tx, _one_in_this_process: one_in_this_process })
    }
}

impl Turn {
    /// Appends, and ends the turn.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when it is not known whether the commit came through.
    pub(crate) async fn append(
        mut self,
        log: &Log,
        append: &mut Append,
    ) -> Result<Appended, Error> {
        let known = log.newest_seen();
        let sending = call::append(&mut self.tx, log.keys().master_id(), append);
        let written = sending.await.map_err(Error::database("append to the log"))?;
        let appended = written.outcome.clone();
        self.tx.commit().await.map_err(|_| Error::Unreachable)?;
        announce(log, known, std::iter::once((append, written)));
        Ok(appended)
    }
}
