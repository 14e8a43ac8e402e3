use sqlx::PgPool;

use super::cipher::{unwrap, wrap};
use super::{Keys, MasterKey};
use crate::Error;

/// The outcome of rewrapping a batch of stream keys.
#[derive(Debug)]
pub struct Rewrapped {
    /// How many keys the batch had; 0 when all are done.
    pub found: usize,
    /// Streams whose keys do not open.
    pub unopened: Vec<String>,
}

impl Keys {
    /// Rewraps a batch of stream keys with another master key. A key that does not open, because it
    /// was changed, does not hold up the others: it stays as it is, and counts as done.
    ///
    /// # Errors
    /// When there is no master key, or PostgreSQL fails.
    pub async fn rewrap(
        &self,
        pool: &PgPool,
        to: &MasterKey,
        batch_size: i64,
    ) -> Result<Rewrapped, Error> {
        let master = self.master.as_ref().ok_or(Error::MasterKeyMissing)?;
        let database = Error::database;
        let mut tx = pool.begin().await.map_err(database("rotate the master key"))?;
        sqlx::query("insert into master_keys (id) values ($1) on conflict do nothing")
            .bind(&to.id)
            .execute(&mut *tx)
            .await
            .map_err(database("note the new master key"))?;
        let rows: Vec<(String, String, Vec<u8>)> = sqlx::query_as(
            "select aggregate_type, aggregate_id, wrapped
             from stream_keys
             where master_key = $1
             limit $2
             for update",
        )
        .bind(&master.id)
        .bind(batch_size)
        .fetch_all(&mut *tx)
        .await
        .map_err(database("read the keys of streams"))?;
        let (mut types, mut ids, mut wrapped_anew) = (Vec::new(), Vec::new(), Vec::new());
        let mut unopened = Vec::new();
        for (aggregate_type, aggregate_id, wrapped) in &rows {
            let stream = format!("{aggregate_type}/{aggregate_id}");
            types.push(aggregate_type);
            ids.push(aggregate_id);
            wrapped_anew.push(match unwrap(&master.secret, stream.as_bytes(), wrapped) {
                Some(key) => wrap(&to.secret, stream.as_bytes(), &key),
                None => {
                    unopened.push(stream);
                    wrapped.clone()
                }
            });
        }
        sqlx::query(
            "update stream_keys k
             set wrapped = r.wrapped, master_key = $4
             from unnest($1::text[], $2::text[], $3::bytea[]) as r (type, id, wrapped)
             where k.aggregate_type = r.type and k.aggregate_id = r.id",
        )
        .bind(types)
        .bind(ids)
        .bind(wrapped_anew)
        .bind(&to.id)
        .execute(&mut *tx)
        .await
        .map_err(database("write the keys of streams"))?;
        if rows.is_empty() {
            sqlx::query("delete from master_keys where id = $1 and id <> $2")
                .bind(&master.id)
                .bind(&to.id)
                .execute(&mut *tx)
                .await
                .map_err(database("withdraw the old master key"))?;
        }
        tx.commit().await.map_err(database("rotate the master key"))?;
        Ok(Rewrapped { found: rows.len(), unopened })
    }
}
