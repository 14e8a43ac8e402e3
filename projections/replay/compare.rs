use domain::{ConversationId, Position};
use event_store::Log;
use futures::stream::Peekable;
use futures::{Stream, StreamExt, TryStreamExt};
use serde_json::Value;
use sqlx::PgConnection;

use super::Verified;
use super::origin::Origin;
use crate::Error;

/// A row that differs from what the log yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub table: String,
    /// The columns of the row's primary key.
    pub row: String,
    /// The row as it is shown; `None` if it is missing.
    pub shown: Option<Value>,
    /// The row as built from the log; `None` if the log yields none.
    pub rebuilt: Option<Value>,
    /// The newest events that the row derives from.
    pub positions: Vec<Position>,
}

/// A table of the read models.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// An SQL expression for the primary key.
    key: String,
    /// The column that names a conversation, if there is one.
    conversation: Option<String>,
    /// The condition for rows that count: a count of zero may be a row or no row.
    which: String,
}

event_store::from_row!(Table { name, key, conversation, which });

impl Table {
    /// All tables of a schema.
    pub(super) async fn all(
        connection: &mut PgConnection,
        schema: &str,
    ) -> Result<Vec<Self>, Error> {
        sqlx::query_as(
            "select c.relname::text as name,
                    (select string_agg(
                         format('t.%I::text', a.attname), ' || e''\\t'' || ' order by k.n)
                     from unnest(p.conkey) with ordinality k (attnum, n)
                     join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum) as key,
                    (select a.attname::text from pg_attribute a
                     where a.attrelid = c.oid
                       and a.attname = case when c.relname = 'conversations' then 'uuid'
                           else 'conversation' end)
                        as conversation,
                    case when c.relname like '%\\_counts'
                         then (select string_agg(format('t.%I <> 0', a.attname), ' and ')
                               from pg_attribute a
                               where a.attrelid = c.oid and a.attnum > 0
                                 and not a.attnum = any(p.conkey))
                         else 'true'
                    end as which
             from pg_class c
             join pg_constraint p on p.conrelid = c.oid and p.contype = 'p'
             where c.relnamespace = to_regnamespace($1) and c.relkind = 'r'
             order by c.relname",
        )
        .bind(schema)
        .fetch_all(connection)
        .await
        .map_err(Error::database("look for tables"))
    }

    /// A query for all rows, or for those of the conversations in its first argument.
    fn sql(&self, schema: &str, is_sample: bool) -> String {
        let Self { name, key, which, conversation } = self;
        let which = match conversation {
            Some(conversation) if is_sample => format!("t.{conversation} = any($1) and {which}"),
            _ => format!("$1::uuid[] is null and {which}"),
        };
        format!(
            "select ({key}) collate \"C\", to_jsonb(t)::text
             from {schema}{name} t
             where {which}
             order by 1"
        )
    }
}

/// Compares what a transaction sees with a copy in a schema, both at one position.
pub(super) struct Comparison<'a> {
    pub(super) log: &'a Log,
    pub(super) schema: &'a str,
    pub(super) position: Position,
    /// Only these conversations; `None` for all.
    pub(super) sample: Option<Vec<ConversationId>>,
}

impl Comparison<'_> {
    /// Compares all rows, in the order of their keys.
    pub(super) async fn run(
        &self,
        shown: &mut PgConnection,
        copy: &mut PgConnection,
        found: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Verified, Error> {
        let Self { log, schema, position, .. } = *self;
        let mut verified = Verified { position, rows: 0, differences: 0 };
        for table in Table::all(copy, schema).await? {
            let failed = Error::database;
            let (shown_sql, copy_sql) = (
                table.sql("", self.sample.is_some()),
                table.sql(&format!("{schema}."), self.sample.is_some()),
            );
            let rows = |sql| sqlx::query_as::<_, (String, String)>(sql).bind(&self.sample);
            let mut shown = rows(&shown_sql).fetch(&mut *shown).peekable();
            let mut copy = rows(&copy_sql).fetch(&mut *copy).peekable();
            loop {
                let (one, other) = (next_key(&mut shown).await, next_key(&mut copy).await);
                let row = one.as_ref().min(other.as_ref()).or(one.as_ref()).or(other.as_ref());
                let row = row.map_or_else(String::new, |key| key.replace('\t', " "));
                let (take_one, take_other) = match (&one, &other) {
                    (None, None) => (true, true),
                    (Some(_), None) => (true, false),
                    (None, Some(_)) => (false, true),
                    (Some(one), Some(other)) => (one <= other, other <= one),
                };
                let one = if take_one { shown.try_next().await } else { Ok(None) };
                let one = one.map_err(failed("read the rows that are shown"))?;
                let other = if take_other { copy.try_next().await } else { Ok(None) };
                let other = other.map_err(failed("read the rows that were built again"))?;
                let (one, other) = match (one, other) {
                    (None, None) => break,
                    (one, other) => (one.map(|(_, row)| row), other.map(|(_, row)| row)),
                };
                verified.rows += u64::from(one.is_some());
                if one == other {
                    continue;
                }
                let parsed = |row: Option<String>| {
                    row.map(|row| serde_json::from_str(&row).unwrap_or(Value::String(row)))
                };
                let (shown, rebuilt) = (parsed(one), parsed(other));
                let either = rebuilt.as_ref().or(shown.as_ref());
                let origin = Origin::new(&table.name, either.unwrap_or(&Value::Null));
                if origin.is_erased_after(log, position).await? {
                    continue;
                }
                verified.differences += 1;
                let positions = origin.positions(log, position).await?;
                found(Difference { table: table.name.clone(), row, shown, rebuilt, positions });
            }
        }
        Ok(verified)
    }
}

type Row = Result<(String, String), sqlx::Error>;

/// The key of the next row. An error has none, and is returned to the caller when it is taken.
async fn next_key<S: Stream<Item = Row> + Unpin>(rows: &mut Peekable<S>) -> Option<String> {
    let next = std::pin::Pin::new(rows).peek().await;
    next.and_then(|row| row.as_ref().ok()).map(|(key, _)| key.clone())
}
