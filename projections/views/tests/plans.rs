//! What PostgreSQL makes of every list, for a member with more than ten thousand conversations
//! among twenty thousand rows of others: index ranges, read no further than the page needs, with
//! fresh statistics and without any.

use domain::conversation::Kind;
use serde_json::Value;
use sqlx::pool::PoolConnection;
use sqlx::{Executor, Postgres};
use uuid::Uuid;

use crate::Cursor;
use crate::memberships::bucket::Wanted;
use crate::tests::{KINDS, World, every_choice_of_flags};
use crate::views::{
    Choice, Column, Filter, Order, activity, badge, chats, contacts, groups, list, list_page,
    messages, reads, search, users,
};

/// Items of a page, with the one more that tells whether there is more.
const LIMIT: i64 = 11;

/// An argument of a prepared statement: its type, and its value.
type Argument = (&'static str, String);

fn uuid(uuid: Uuid) -> Argument {
    ("uuid", format!("'{uuid}'"))
}

fn bigint(number: i64) -> Argument {
    ("bigint", number.to_string())
}

fn smallint(number: i16) -> Argument {
    ("smallint", number.to_string())
}

fn smallints(numbers: &[i16]) -> Argument {
    let numbers: Vec<String> = numbers.iter().map(i16::to_string).collect();
    ("smallint[]", format!("'{{{}}}'", numbers.join(",")))
}

fn boolean(value: Option<bool>) -> Argument {
    ("boolean", value.map_or("null".to_owned(), |value| value.to_string()))
}

/// An array of the one value.
fn array((of, value): Argument) -> (String, String) {
    (format!("{of}[]"), format!("array[{value}]::{of}[]"))
}

fn text(value: Option<&str>) -> Argument {
    ("text", value.map_or("null".to_owned(), |value| format!("'{value}'")))
}

/// A connection to a full database, whose statements are planned as those of a server are: once,
/// for all values.
struct Explainer {
    connection: PoolConnection<Postgres>,
    ann: Uuid,
    /// How many conversations Ann has, and in how many buckets.
    own: i64,
    buckets: i64,
}

/// `ANN` stands for the member.
const FILL: &str = include_str!("plans.sql");

impl Explainer {
    /// On tables that are filled and were never analyzed.
    async fn without_statistics() -> Self {
        let mut world = World::new().await;
        let ann = world.register("ann").await;
        world.project().await;
        let mut connection = world.pool().acquire().await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "select schemaname || '.' || tablename from pg_tables
             where schemaname in ('directory', 'messages', 'conversations', 'memberships')",
        )
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        for table in tables {
            let never = format!("alter table {table} set (autovacuum_enabled = off)");
            connection.execute(never.as_str()).await.unwrap();
        }
        // Indexes of parts of text are made much faster than they are filled.
        let (drop, make): (String, String) = sqlx::query_as(
            "select string_agg('drop index ' || indexrelid::regclass, ';'),
                    string_agg(pg_get_indexdef(indexrelid), ';')
             from pg_index
             where indexrelid in ('directory.users_by_part_of_name'::regclass,
                                  'messages.messages_by_part_of_text'::regclass)",
        )
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        let fill = FILL.replace("ANN", &ann.to_string());
        connection.execute(format!("{drop}; {fill} {make}").as_str()).await.unwrap();
        let (own, buckets) = sqlx::query_as(
            "select sum(memberships)::bigint, count(*) from memberships.counts where user_id = $1",
        )
        .bind(ann)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        assert!(own > 10_000 && buckets > 50, "{own} in {buckets} are put to the test");
        Self { connection, ann, own, buckets }
    }

    async fn with_statistics() -> Self {
        let mut explainer = Self::without_statistics().await;
        explainer.connection.execute("analyze").await.unwrap();
        explainer
    }

    async fn each() -> [Self; 2] {
        [Self::without_statistics().await, Self::with_statistics().await]
    }

    async fn explain(&mut self, sql: &str, arguments: &[(impl AsRef<str>, String)]) -> Plan {
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
    async fn longest(&mut self) -> Uuid {
        sqlx::query_scalar(
            "select conversation from messages.counts order by messages desc limit 1",
        )
        .fetch_one(&mut *self.connection)
        .await
        .unwrap()
    }

    /// Arguments that choose by bucket.
    fn wanted(wanted: Wanted) -> [Argument; 3] {
        [smallint(wanted.mask), smallint(wanted.value), smallints(&wanted.kinds())]
    }
}

/// What was done for a statement.
struct Plan(Value);

impl Plan {
    fn nodes(&self) -> Vec<&Value> {
        fn below(node: &Value) -> Vec<&Value> {
            let inner = node["Plans"].as_array().into_iter().flatten();
            std::iter::once(node).chain(inner.flat_map(below)).collect()
        }
        below(&self.0)
    }

    /// Rows that a node returned or threw away, all in all.
    fn read(node: &Value) -> i64 {
        let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
        let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        ((number("Actual Rows") + removed) * number("Actual Loops")).ceil() as i64
    }

    #[track_caller]
    fn assert_reads_at_most(&self, rows: i64) {
        for node in self.nodes() {
            let read = Self::read(node);
            assert!(read <= rows, "{read} rows instead of {rows}: {node:#} in {:#}", self.0);
        }
    }

    /// Rows of tables, whatever of the account's index is intersected with what is found.
    #[track_caller]
    fn assert_reads_rows_at_most(&self, rows: i64) {
        for node in self.nodes().iter().filter(|node| node.get("Relation Name").is_some()) {
            let read = Self::read(node);
            assert!(read <= rows, "{read} rows instead of {rows}: {node:#} in {:#}", self.0);
        }
    }

    #[track_caller]
    fn assert_uses(&self, index: &str) {
        let nodes = self.nodes();
        let used = nodes.iter().any(|node| node["Index Name"] == index);
        assert!(used, "{index}: {:#}", self.0);
    }
}

fn every_choice_of_kinds() -> impl Iterator<Item = Vec<Kind>> {
    let chosen = |bits: usize| move |(place, _): &(usize, Kind)| bits & (1 << place) != 0;
    (1..8).map(move |bits| {
        KINDS.into_iter().enumerate().filter(chosen(bits)).map(|(_, kind)| kind).collect()
    })
}

const EITHER: [Option<bool>; 3] = [None, Some(true), Some(false)];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_the_default_order_is_a_few_index_ranges_whatever_the_filter() {
    for mut explainer in Explainer::each().await {
        for kinds in every_choice_of_kinds() {
            for (unread, trashed) in EITHER.iter().flat_map(|one| EITHER.map(|two| (*one, two))) {
                let filter = Filter { kinds: kinds.clone(), unread, trashed, ..Filter::default() };
                let wanted = filter.wanted();
                let (own_mask, own_value) = wanted.own();
                // From the start, after a page within what is not pinned, and within what is.
                for (pinned, rank) in [(i64::MAX, i64::MAX), (0, 55_000), (9_000, i64::MAX)] {
                    let arguments = [
                        uuid(explainer.ann),
                        smallint(wanted.mask),
                        smallint(wanted.value),
                        smallint(wanted.kind_bits()),
                        smallint(own_mask),
                        smallint(own_value),
                        boolean(unread),
                        boolean(trashed),
                        bigint(LIMIT),
                        bigint(0),
                        bigint(pinned),
                        boolean(Some(false)),
                        bigint(rank),
                    ]
                    .map(array);
                    let plan = explainer.explain(&list_page::SQL, &arguments).await;
                    plan.assert_reads_at_most(explainer.buckets * LIMIT);
                    plan.assert_uses("memberships_by_rank");
                    plan.assert_uses("memberships_by_pin");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_by_activity_is_a_few_index_ranges_whatever_the_flags() {
    for mut explainer in Explainer::each().await {
        for flags in every_choice_of_flags() {
            for cursor in [Cursor::Top, Cursor::After(55_000), Cursor::Before(55_000)] {
                let wanted = flags.wanted(&KINDS);
                let (own_mask, own_value) = wanted.own();
                let mut arguments = vec![uuid(explainer.ann)];
                arguments.extend(Explainer::wanted(wanted));
                arguments.extend([bigint(cursor.number()), bigint(LIMIT)]);
                arguments.extend([smallint(own_mask), smallint(own_value)]);
                let plan = explainer.explain(&activity::entries_sql(cursor), &arguments).await;
                plan.assert_reads_at_most(explainer.buckets * LIMIT);
                plan.assert_uses("memberships_by_rank");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_chats_is_one_index_range_for_each_kind() {
    for mut explainer in Explainer::each().await {
        for kinds in [KINDS.to_vec(), vec![Kind::Private]] {
            let numbers: Vec<i16> =
                kinds.into_iter().map(crate::memberships::bucket::number).collect();
            let start = [("timestamptz", "null".to_owned()), ("uuid", "null".to_owned())];
            let mut arguments =
                vec![uuid(explainer.ann), smallints(&numbers), bigint(LIMIT), bigint(0)];
            arguments.extend(start);
            let plan = explainer.explain(&chats::indexed_sql(), &arguments).await;
            // The counts are read one by one.
            plan.assert_reads_at_most(explainer.buckets.max(8 * LIMIT));
            plan.assert_uses("memberships_by_change");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_groups_contacts_or_messages_is_one_index_range() {
    for mut explainer in Explainer::each().await {
        let (ann, conversation) = (explainer.ann, explainer.longest().await);
        for cursor in [Cursor::Top, Cursor::After(15_000), Cursor::Before(15_000)] {
            let number = bigint(cursor.number());
            let kinds = ("text[]", "'{room,contextual}'".to_owned());
            let arguments = [uuid(ann), number.clone(), bigint(LIMIT), kinds];
            let plan = explainer.explain(&groups::groups_sql(cursor), &arguments).await;
            plan.assert_uses("members_by_number");
            plan.assert_reads_at_most(LIMIT + 1);
            let arguments = [uuid(ann), bigint(1), number, bigint(LIMIT)];
            let plan = explainer.explain(&contacts::contacts_sql(cursor), &arguments).await;
            plan.assert_uses("users_one_per_id");
            plan.assert_reads_at_most(LIMIT + 1);
        }
        for (descending, end) in [(false, 0), (true, i64::MAX)] {
            let arguments = [uuid(conversation), bigint(LIMIT), bigint(0), bigint(end)];
            let plan = explainer.explain(&messages::page_sql(descending), &arguments).await;
            plan.assert_uses("messages_of_a_conversation");
            plan.assert_reads_at_most(LIMIT + 1);
        }
        for cursor in [Cursor::Top, Cursor::After(55_000), Cursor::Before(55_000)] {
            let arguments = [uuid(ann), uuid(conversation), bigint(cursor.number()), bigint(LIMIT)];
            let plan = explainer.explain(&reads::reads_sql(cursor), &arguments).await;
            plan.assert_uses("messages_of_a_conversation");
            plan.assert_uses("read_ranges_in_log_order");
            plan.assert_uses("read_ranges_one_per_top");
            plan.assert_reads_at_most(2 * (LIMIT + 1));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_by_name_are_one_index_range_and_a_search_reads_those_that_it_finds() {
    for mut explainer in Explainer::each().await {
        let page = [bigint(1), bigint(LIMIT), bigint(0)];
        let plan = explainer.explain(&users::users_sql(false), &page).await;
        plan.assert_uses("users_by_name");
        plan.assert_reads_at_most(LIMIT + 1);
        let found = [bigint(1), bigint(LIMIT), bigint(0), text(Some("user-1234"))];
        let plan = explainer.explain(&users::users_sql(true), &found).await;
        plan.assert_uses("users_by_part_of_name");
        plan.assert_reads_rows_at_most(3 * LIMIT);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_a_text_reads_those_that_it_finds_and_a_short_one_the_conversation() {
    for mut explainer in Explainer::each().await {
        let conversation = explainer.longest().await;
        for descending in [false, true] {
            let argument = |q| [uuid(conversation), text(Some(q)), bigint(LIMIT), bigint(0)];
            let sql = search::search_sql(true, descending);
            let plan = explainer.explain(&sql, &argument("Word 1234")).await;
            plan.assert_uses("messages_by_part_of_text");
            plan.assert_reads_rows_at_most(3 * LIMIT);
            let sql = search::search_sql(false, descending);
            let plan = explainer.explain(&sql, &argument("34")).await;
            plan.assert_uses("messages_of_a_conversation");
            plan.assert_reads_rows_at_most(10_334);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_counts_are_read_from_the_kept_ones() {
    for mut explainer in Explainer::each().await {
        let users = ("uuid[]", format!("'{{{}}}'", explainer.ann));
        let plan = explainer.explain(&badge::unread_counts_sql(), &[users]).await;
        plan.assert_reads_at_most(explainer.buckets);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_orders_and_filters_read_and_sort_the_members_own_rows_only() {
    for mut explainer in Explainer::each().await {
        let orders =
            [Order::Default, Order::Id, Order::Name, Order::ModifiedAt, Order::LastMessageAt];
        for order in orders {
            for (q, tag) in [(None, None), (Some("ab"), None), (None, Some("A"))] {
                let filter = Filter { kinds: KINDS.to_vec(), order, ..Filter::default() };
                let kinds = smallints(&filter.wanted().kinds());
                let arguments = [
                    uuid(explainer.ann),
                    kinds,
                    boolean(None),
                    boolean(None),
                    bigint(LIMIT),
                    bigint(0),
                    text(q),
                    text(tag),
                ];
                let plan = explainer.explain(&list::sorted_sql(&filter), &arguments).await;
                plan.assert_reads_at_most(explainer.own);
            }
        }
        for order in [vec![], vec![(Column::Name, false)], vec![(Column::CreatedAt, true)]] {
            let choice = Choice { kinds: KINDS.to_vec(), order, limit: LIMIT, ..Choice::default() };
            let sql =
                chats::sorted(explainer.ann, &choice, Wanted::of(choice.kinds.clone()).kinds());
            let arguments = [uuid(explainer.ann), smallints(&[0, 1, 2]), bigint(LIMIT), bigint(0)];
            let plan = explainer.explain(sql.sql(), &arguments).await;
            plan.assert_reads_at_most(explainer.own);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_a_peer_reads_the_members_own_rows_only() {
    for mut explainer in Explainer::each().await {
        let peer = Some("user-1234".to_owned());
        let kinds = vec![Kind::Private];
        let choice = Choice { kinds, peer, limit: LIMIT, ..Choice::default() };
        let sql = chats::sorted(explainer.ann, &choice, Wanted::of(choice.kinds.clone()).kinds());
        let pattern = || text(Some("%user-1234%"));
        let arguments =
            [uuid(explainer.ann), smallints(&[0]), pattern(), pattern(), bigint(LIMIT), bigint(0)];
        let plan = explainer.explain(sql.sql(), &arguments).await;
        plan.assert_reads_at_most(explainer.own);
    }
}
