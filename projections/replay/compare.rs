use event_store::Log;
use futures::stream::Peekable;
use futures::{Stream, StreamExt, TryStreamExt};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Verified;
use crate::Error;

/// Events that a difference names at most, the newest.
const POSITIONS_MAX: i64 = 10;

/// A row that is not what the log says.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// As it is shown, if there is such a row.
    pub shown: Option<Value>,
    /// As the log has it, if it has such a row.
    pub rebuilt: Option<Value>,
    /// The newest events that should have made it.
    pub positions: Vec<i64>,
}

/// A table of the read models.
#[derive(Debug, FromRow)]
pub(super) struct Table {
    pub(super) name: String,
    /// An expression that tells its rows apart.
    key: String,
    /// Which rows count: where there never was anything to count there may be a zero or nothing.
    which: String,
}

impl Table {
    /// All in a schema.
    pub(super) async fn all(
        connection: &mut PgConnection,
        schema: &str,
    ) -> Result<Vec<Self>, Error> {
        sqlx::query_as(
            "select c.relname::text as name,
                    (select string_agg(format('t.%I::text', a.attname), ' || e''\\t'' || ' order by k.n)
                     from unnest(p.conkey) with ordinality k (attnum, n)
                     join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum) as key,
                    case when c.relname like '%\\_counts'
                         then (select string_agg(format('t.%I <> 0', a.attname), ' and ')
                               from pg_attribute a
                               where a.attrelid = c.oid and a.attnum > 0 and not a.attnum = any(p.conkey))
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

    fn sql(&self, schema: &str) -> String {
        let Self { name, key, which } = self;
        format!(
            "select ({key}) collate \"C\", to_jsonb(t)::text
             from {schema}{name} t
             where {which}
             order by 1"
        )
    }
}

/// Compares what a transaction sees with a copy in a schema, both at one position.
pub(super) async fn compare(
    log: &Log,
    shown: &mut PgConnection,
    copy: &mut PgConnection,
    schema: &str,
    position: i64,
    found: &mut (dyn FnMut(Difference) + Send),
) -> Result<Verified, Error> {
    let mut verified = Verified { position, rows: 0, differences: 0 };
    for table in Table::all(copy, schema).await? {
        let failed = Error::database;
        let (shown_sql, copy_sql) = (table.sql(""), table.sql(&format!("{schema}.")));
        let rows = |sql| sqlx::query_as::<_, (String, String)>(sql);
        let mut shown = rows(&shown_sql).fetch(&mut *shown).peekable();
        let mut copy = rows(&copy_sql).fetch(&mut *copy).peekable();
        loop {
            let (one, other) = (next_key(&mut shown).await, next_key(&mut copy).await);
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
            if one != other {
                verified.differences += 1;
                let parsed = |row: Option<String>| {
                    row.map(|row| serde_json::from_str(&row).unwrap_or(Value::String(row)))
                };
                let (one, other) = (parsed(one), parsed(other));
                let row = other.as_ref().or(one.as_ref());
                let positions = match row {
                    Some(row) => positions(log, &table.name, row, position).await?,
                    None => vec![],
                };
                let table = table.name.clone();
                found(Difference { table, shown: one, rebuilt: other, positions });
            }
        }
    }
    Ok(verified)
}

type Row = Result<(String, String), sqlx::Error>;

/// An error has none, and is met by whoever takes it.
async fn next_key<S: Stream<Item = Row> + Unpin>(rows: &mut Peekable<S>) -> Option<String> {
    let next = std::pin::Pin::new(rows).peek().await;
    next.and_then(|row| row.as_ref().ok()).map(|(key, _)| key.clone())
}

/// The newest events that a row is made from: those of its conversation, of a member those of the conversation and the
/// member's own, of a message those that name it, of a user the user's.
async fn positions(log: &Log, table: &str, row: &Value, until: i64) -> Result<Vec<i64>, Error> {
    let id = |name: &str| row[name].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let (uuid, user) = (id("uuid"), id("user_id"));
    let conversation = id("conversation").or(uuid.filter(|_| table == "conversations"));
    let named = uuid.filter(|_| table == "messages");
    let own = match (conversation, user) {
        (Some(conversation), Some(user)) => {
            Some(vec![conversation, domain::participation_id(conversation, user)])
        }
        (Some(_), None) => None,
        (None, _) => Some(user.or(uuid).into_iter().collect()),
    };
    let own = own.map(|ids| ids.iter().map(Uuid::to_string).collect::<Vec<_>>());
    let sql = match conversation {
        Some(_) => "conversation_id = $1 and ($2 is null or aggregate_id = any($2))",
        None => "$1 is null and aggregate_type = 'user' and aggregate_id = any($2)",
    };
    let mut positions: Vec<i64> = sqlx::query_scalar(&format!(
        "select position
         from events
         where {sql}
           and position <= $3
           and ($4::text is null or payload::text like '%' || $4 || '%')
         order by position desc
         limit $5"
    ))
    .bind(conversation)
    .bind(own)
    .bind(until)
    .bind(named.map(|id| id.to_string()))
    .bind(POSITIONS_MAX)
    .fetch_all(log.pool())
    .await
    .map_err(Error::database("look for events"))?;
    positions.reverse();
    Ok(positions)
}
