use std::sync::Arc;
use std::time::Duration;

use domain::{ConversationId, Position};
use event_store::{Lease, LogEvent};
use sqlx::{Connection, PgConnection};

use super::locks::{is_had, lock};
use super::verify::{LOOKS_MAX, position};
use super::{Replay, drop_schema, make};
use crate::Error;
use crate::projector::{Fill, dedicated};

/// Events per batch.
const BATCH: i64 = 1_000;
const PAUSE: Duration = Duration::from_millis(100);

/// Tables that have rows of a conversation, counts last: triggers change those while the others are
/// replaced.
const TABLES: &str = "select c.relname::text as name, n.nspname::text as schema,
           (select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
            from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and a.attgenerated = ''
              and not a.attisdropped) as columns,
           k.attname::text as key
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute k on k.attrelid = c.oid
                       and k.attname = case when c.relname = 'conversations' then 'uuid'
                           else 'conversation' end
    where n.nspname = any($1) and c.relkind = 'r'
    order by c.relname like '%\\_counts', c.relname";

struct Table {
    name: String,
    schema: String,
    columns: String,
    key: String,
}

event_store::from_row!(Table { name, schema, columns, key });

impl Replay {
    /// Folds one conversation's events anew, and replaces its rows in all models by the result, in
    /// one transaction; triggers adjust the members' counts by the difference. Returns the
    /// position.
    ///
    /// # Errors
    /// [`Error::Stopped`] for a model that is stopped; those of building; when PostgreSQL fails.
    pub async fn refold(&self, conversation: ConversationId) -> Result<Position, Error> {
        let schema = self.live.scratch();
        let copy = self.live.within(&schema);
        let work = async |lease: &Lease| {
            let mut connection = dedicated(&self.log, &copy).await?;
            drop_schema(&mut connection, &schema).await?;
            make(&mut connection, &copy, &schema).await?;
            let fill = self.fill(lease, &copy);
            let to = position(&mut connection, &self.live, LOOKS_MAX).await?;
            self.fold(&fill, &mut connection, conversation, Position::START, to).await?;
            let mut at = to;
            let refolded = loop {
                let replaced = self.replace(&fill, &mut connection, conversation, &mut at).await?;
                if let Some(position) = replaced {
                    break position;
                }
                tokio::time::sleep(PAUSE).await;
            };
            drop_schema(&mut connection, &schema).await?;
            Ok(refolded)
        };
        self.under(&schema, work).await
    }

    /// Brings the copy's rows of the conversation from one position to another.
    pub(super) async fn fold(
        &self,
        fill: &Fill<'_>,
        connection: &mut PgConnection,
        conversation: ConversationId,
        from: Position,
        to: Position,
    ) -> Result<(), Error> {
        let mut after = from;
        loop {
            let read = self.log.read_conversation(conversation, after, BATCH).await?;
            let Some(last) = read.last() else { return Ok(()) };
            after = last.position;
            let read = read.into_iter().filter(|event| event.position <= to);
            let batch: Vec<Arc<LogEvent>> = read.map(|event| Arc::new(event.into())).collect();
            if batch.is_empty() {
                return Ok(());
            }
            fill.write(connection, &batch).await?;
        }
    }

    /// `None` if the tables cannot be locked now, because another session is writing them.
    async fn replace(
        &self,
        fill: &Fill<'_>,
        connection: &mut PgConnection,
        conversation: ConversationId,
        at: &mut Position,
    ) -> Result<Option<Position>, Error> {
        let failed = |source| Error::Database { doing: "replace a conversation's rows", source };
        let tables: Vec<Table> = sqlx::query_as(TABLES)
            .bind(self.live.schemas())
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
        let mut tx = connection.begin().await.map_err(failed)?;
        let names: Vec<_> =
            tables.iter().map(|table| [&*table.schema, &table.name].join(".")).collect();
        let locked = lock(&mut tx, &names.join(", "), "share row exclusive").await;
        if !is_had(&mut tx, locked).await? {
            tx.rollback().await.map_err(failed)?;
            return Ok(None);
        }
        // The checkpoints stay where they are until these rows are in place. The lease is locked
        // first, as by the projector.
        sqlx::query("select from leases where name = $1 for update")
            .bind(self.live.lease())
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        sqlx::query("update checkpoints set refolded = refolded + 1 where name = any($1)")
            .bind(self.live.schemas())
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        let to = position(&mut tx, &self.live, 1).await?;
        self.fold(fill, &mut tx, conversation, *at, to).await?;
        *at = to;
        // The triggers have to count in the schemas that are shown.
        sqlx::query("select set_config('search_path', $1, true)")
            .bind(self.live.schemas().join(", ") + ", public")
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        let scratch = self.live.scratch();
        for Table { name, schema, columns, key } in &tables {
            let delete = format!("delete from {schema}.{name} where {key} = $1");
            let insert = format!(
                "insert into {schema}.{name} ({columns}) select {columns} from {scratch}.{name} \
                 where {key} = $1"
            );
            for statement in [delete, insert] {
                sqlx::query(&statement)
                    .bind(conversation)
                    .execute(&mut *tx)
                    .await
                    .map_err(failed)?;
            }
        }
        tx.commit().await.map_err(failed)?;
        Ok(Some(to))
    }
}
