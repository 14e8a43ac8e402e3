use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::group::MembersChange;
use domain::team;
use event_store::LogEvent;
use sqlx::Executor;

use super::desk_world::Office;
use super::random::random_history;
use super::world::pool;
use crate::changes::{Changes, Lane};
use crate::projector::FOLLOWING;
use crate::{MODELS, Model};

/// The rows of all tables after `batches`, applied to empty read models in a database of their own.
pub(super) async fn rows_after<'a>(
    models: &'a [Model],
    batches: impl IntoIterator<Item = &'a [Arc<LogEvent>]>,
) -> BTreeMap<String, String> {
    rows_after_steps(models, batches.into_iter().map(|batch| (batch, models, None))).await
}

/// The same with each batch applied to some of the models, and written as filling does if a lane is
/// given.
async fn rows_after_steps<'a>(
    models: &[Model],
    steps: impl IntoIterator<Item = (&'a [Arc<LogEvent>], &'a [Model], Option<Lane>)>,
) -> BTreeMap<String, String> {
    let pool = pool().await;
    let mut connection = pool.acquire().await.unwrap();
    // The names of all models are unique, so that one schema can have them all.
    connection.execute("create schema rows; set search_path = rows, public").await.unwrap();
    for model in models {
        connection.execute(model.schema).await.unwrap();
        connection.execute(model.indexes).await.unwrap();
    }
    for (batch, models, lane) in steps {
        let mut changes = Changes::fold_for(lane, batch, &BTreeSet::new()).unwrap();
        for model in models {
            if let (Some(copied), Some(_)) = (model.copied, lane) {
                let rows = (copied.take)(&mut changes);
                rows.copy(&mut connection, copied.into).await.unwrap();
            }
            let Some(argument) = (model.changes)(&changes) else { continue };
            sqlx::query(&format!("select apply_{}($1::text::jsonb)", model.name))
                .bind(argument)
                .execute(&mut *connection)
                .await
                .unwrap();
        }
    }
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'rows' order by 1",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        // A count of zero may be a row or no row.
        let counted = match table.as_str() {
            "membership_counts" => "where memberships > 0",
            "message_counts" => "where messages > 0",
            "support_counts" => "where conversations > 0",
            _ => "",
        };
        let content: Option<String> = sqlx::query_scalar(&format!(
            "select string_agg(t::text, e'\\n' order by t::text) from {table} t {counted}"
        ))
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        rows.insert(table, content.unwrap_or_default());
    }
    rows
}

/// Reports only the rows that differ.
#[track_caller]
pub(super) fn assert_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    for (table, rows) in one {
        let (rows, others): (BTreeSet<&str>, BTreeSet<&str>) =
            (rows.lines().collect(), other[table].lines().collect());
        let differing: Vec<_> = rows.symmetric_difference(&others).collect();
        assert!(differing.is_empty(), "{table}: {differing:#?}");
    }
}

/// Histories of rooms and of a support desk: together they fill every table.
async fn histories() -> [Vec<Arc<LogEvent>>; 2] {
    let rooms = random_history(11, 300).await.events().await;
    let mut office = Office::open(3).await;
    office.go_on_for(2, 150).await;
    let members = MembersChange::Exactly(office.agents.clone());
    office.tell_team(office.teams[0], team::Change::SetTeamMembers { members }).await;
    office.tell_team(office.teams[2], team::Change::DeleteTeam).await;
    [rooms, office.world.events().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn how_the_log_is_cut_into_batches_makes_no_difference() {
    let mut filled: BTreeMap<String, bool> = BTreeMap::new();
    for events in histories().await {
        let at_once = rows_after(MODELS, [&events[..]]).await;
        for (table, content) in &at_once {
            *filled.entry(table.clone()).or_default() |= !content.is_empty();
        }
        let one_by_one = rows_after(MODELS, events.chunks(1)).await;
        assert_same(&one_by_one, &at_once);
        let by_sevens = rows_after(MODELS, events.chunks(7)).await;
        assert_same(&by_sevens, &at_once);
    }
    for (table, is_filled) in filled {
        assert!(is_filled, "{table} is put to the test");
    }
}

/// As in filling over two connections, here with the largest possible distance between them.
#[tokio::test(flavor = "multi_thread")]
async fn models_that_follow_are_the_same_however_far_the_others_are_ahead() {
    let (following, leading): (Vec<Model>, Vec<Model>) =
        MODELS.iter().partition(|model| FOLLOWING.contains(&model.name));
    for events in histories().await {
        let together = rows_after(MODELS, events.chunks(20)).await;
        let leading = events.chunks(20).map(|batch| (batch, &leading[..], Some(Lane::Leading)));
        let following =
            events.chunks(70).map(|batch| (batch, &following[..], Some(Lane::Following)));
        assert_same(&rows_after_steps(MODELS, leading.chain(following)).await, &together);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn applying_a_batch_twice_changes_nothing() {
    for events in histories().await {
        let once = rows_after(MODELS, events.chunks(20)).await;
        let twice = rows_after(MODELS, events.chunks(20).flat_map(|batch| [batch, batch])).await;
        assert_same(&twice, &once);
    }
}
