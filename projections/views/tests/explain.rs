//! Statements planned as on a server, on a full database, and what PostgreSQL did for them.

use domain::{ConversationId, UserId};
use serde_json::Value;
use sqlx::pool::PoolConnection;
use sqlx::{Executor, Postgres};
use uuid::Uuid;

use crate::memberships::bucket::Wanted;
use crate::tests::World;

/// An argument of a prepared statement: its type, and its value.
pub(super) type Argument = (&'static str, String);

pub(super) fn uuid(uuid: impl Into<Uuid>) -> Argument {
    ("uuid", format!("'{}'", uuid.into()))
}

pub(super) fn bigint(number: i64) -> Argument {
    ("bigint", number.to_string())
}

pub(super) fn smallint(number: i16) -> Argument {
    ("smallint", number.to_string())
}

pub(super) fn smallints(numbers: &[i16]) -> Argument {
    let numbers: Vec<String> = numbers.iter().map(i16::to_string).collect();
    ("smallint[]", format!("'{{{}}}'", numbers.join(",")))
}

pub(super) fn boolean(value: Option<bool>) -> Argument {
    ("boolean", value.map_or("null".to_owned(), |value| value.to_string()))
}

/// An array with this one value.
pub(super) fn array((of, value): Argument) -> (String, String) {
    (format!("{of}[]"), format!("array[{value}]::{of}[]"))
}

pub(super) fn text(value: Option<&str>) -> Argument {
    ("text", value.map_or("null".to_owned(), |value| format!("'{value}'")))
}

/// A connection to a full database, whose statements are planned as a server's are: once, for all
/// values.
pub(super) struct Explainer {
    connection: PoolConnection<Postgres>,
    pub(super) ann: UserId,
    /// How many conversations Ann has, and in how many buckets.
    pub(super) own: i64,
    pub(super) buckets: i64,
}

/// Fills the tables; `ANN` is replaced by the member's id.
const FILL: &str = include_str!("plans.sql");

impl Explainer {
    pub(super) async fn each() -> [Self; 2] {
        let indexes = ["users_by_part_of_name", "messages_by_part_of_text"];
        let explainers = Self::each_with(FILL, &indexes).await;
        for explainer in &explainers {
            let Self { own, buckets, .. } = explainer;
            assert!(*own > 10_000 && *buckets > 50, "{own} in {buckets} are put to the test");
        }
        explainers
    }

    /// The same, on tables that other statements fill.
    pub(super) async fn each_with(fill: &str, indexes: &[&str]) -> [Self; 2] {
        let without = Self::without_statistics(fill, indexes).await;
        let mut with = Self::without_statistics(fill, indexes).await;
        with.connection.execute("analyze").await.unwrap();
        [without, with]
    }

    /// On tables that were filled and never analyzed. The trigram and label indexes are built after
    /// that, which is much faster than filling them.
    async fn without_statistics(fill: &str, indexes: &[&str]) -> Self {
        let mut world = World::new().await;
        let ann = world.register("ann").await;
        world.project().await;
        let mut connection = world.pool().acquire().await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "select schemaname || '.' || tablename from pg_tables
             where schemaname = any(current_schemas(false)) and schemaname <> 'public'",
        )
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        for table in tables {
            let never = format!("alter table {table} set (autovacuum_enabled = off)");
            connection.execute(never.as_str()).await.unwrap();
        }
        let (drop, make): (String, String) = sqlx::query_as(
            "select string_agg('drop index ' || indexrelid::regclass, ';'),
                    string_agg(pg_get_indexdef(indexrelid), ';')
             from pg_index
             where indexrelid = any($1::text[]::regclass[])",
        )
        .bind(indexes)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        let fill = fill.replace("ANN", &ann.to_string());
        connection.execute(format!("{drop}; {fill} {make}").as_str()).await.unwrap();
        let (own, buckets) = sqlx::query_as(
            "select coalesce(sum(memberships), 0)::bigint, count(*)
             from membership_counts
             where user_id = $1",
        )
        .bind(ann)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        Self { connection, ann, own, buckets }
    }

    pub(super) async fn explain(
        &mut self,
        sql: &str,
        arguments: &[(impl AsRef<str>, String)],
    ) -> Plan {
        let types: Vec<&str> = arguments.iter().map(|(of, _)| of.as_ref()).collect();
        let values: Vec<&str> = arguments.iter().map(|(_, value)| value.as_str()).collect();
        let prepare = format!("prepare explained ({}) as {sql}", types.join(", "));
        self.connection.execute(prepare.as_str()).await.unwrap();
        let explain = format!(
            "explain (analyze, timing off, format json) execute explained ({})",
            values.join(", ")
        );
        let plan: Value =
            sqlx::query_scalar(&explain).fetch_one(&mut *self.connection).await.unwrap();
        self.connection.execute("deallocate explained").await.unwrap();
        let plan = Plan(plan[0]["Plan"].clone());
        for node in plan.nodes() {
            assert_ne!(node["Node Type"], "Seq Scan", "{sql} {:#}", plan.0);
        }
        plan
    }

    /// The conversation with the most messages.
    pub(super) async fn longest(&mut self) -> ConversationId {
        sqlx::query_scalar("select conversation from message_counts order by messages desc limit 1")
            .fetch_one(&mut *self.connection)
            .await
            .unwrap()
    }

    /// The arguments for a choice of buckets.
    pub(super) fn wanted(wanted: Wanted) -> [Argument; 3] {
        [smallint(wanted.mask), smallint(wanted.value), smallints(&wanted.kinds())]
    }
}

/// The plan of a statement, with what was read for it.
pub(super) struct Plan(Value);

impl Plan {
    fn nodes(&self) -> Vec<&Value> {
        fn below(node: &Value) -> Vec<&Value> {
            let inner = node["Plans"].as_array().into_iter().flatten();
            std::iter::once(node).chain(inner.flat_map(below)).collect()
        }
        below(&self.0)
    }

    /// Rows that a node returned or discarded, over all its loops.
    fn read(node: &Value) -> i64 {
        let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
        let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        ((number("Actual Rows") + removed) * number("Actual Loops")).ceil() as i64
    }

    #[track_caller]
    pub(super) fn assert_reads_at_most(&self, rows: i64) {
        for node in self.nodes() {
            let read = Self::read(node);
            assert!(read <= rows, "{read} rows instead of {rows}: {node:#} in {:#}", self.0);
        }
    }

    /// Counts only nodes that read tables: an index of the account may be read further, to be
    /// intersected with what the search found.
    #[track_caller]
    pub(super) fn assert_reads_rows_at_most(&self, rows: i64) {
        for node in self.nodes().iter().filter(|node| node.get("Relation Name").is_some()) {
            let read = Self::read(node);
            assert!(read <= rows, "{read} rows instead of {rows}: {node:#} in {:#}", self.0);
        }
    }

    #[track_caller]
    pub(super) fn assert_uses(&self, index: &str) {
        let nodes = self.nodes();
        let used = nodes.iter().any(|node| node["Index Name"] == index);
        assert!(used, "{index}: {:#}", self.0);
    }

    /// Uses an index whose name begins so.
    #[track_caller]
    pub(super) fn assert_uses_one_of(&self, beginning: &str) {
        let nodes = self.nodes();
        let names = nodes.iter().filter_map(|node| node["Index Name"].as_str());
        assert!(names.into_iter().any(|name| name.starts_with(beginning)), "{:#}", self.0);
    }
}
