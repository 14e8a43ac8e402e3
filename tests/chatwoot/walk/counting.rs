//! Expected lists and counts, found by counting one by one.

use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};

use super::{LABELS, Named, STATUSES};
use crate::chatwoot::desk::path;
use crate::chatwoot::scene::counts;
use crate::harness::Caller;

/// All conversations, from all pages.
pub(super) async fn everything(caller: &Caller) -> Vec<Value> {
    let mut all = Vec::new();
    for page in 1.. {
        let path = path(&format!("/conversations?status=all&page={page}"));
        let listed = caller.get(&path).await.expect(200);
        let rows = listed["data"]["payload"].as_array().unwrap().clone();
        if rows.is_empty() {
            break;
        }
        all.extend(rows);
    }
    all
}

/// Checks the caller's list, and the caller's counts for every filter.
pub(super) async fn assert_counts(caller: &Caller, me: Option<i64>, named: &Named, all: &[&Value]) {
    let listed = everything(caller).await;
    let ids = |one: &Value| one["id"].clone();
    assert!(listed.iter().map(ids).eq(all.iter().copied().map(ids)));
    let mut filters = vec![(String::new(), None::<(&str, Value)>)];
    let with = |name: &'static str, id: Value| (format!("&{name}={id}"), Some((name, id)));
    filters.extend(named.teams.iter().map(|team| with("team_id", json!(team))));
    filters.extend(named.inboxes.iter().map(|inbox| with("inbox_id", json!(inbox))));
    filters
        .extend(LABELS.iter().map(|one| (format!("&labels={one}"), Some(("labels", json!(one))))));
    let mut asked = Vec::new();
    for status in STATUSES.into_iter().chain(["all"]) {
        for (query, filter) in &filters {
            let fits = |one: &&&Value| {
                let is_of = match filter {
                    None => true,
                    Some(("team_id", id)) => one["meta"]["team"]["id"] == *id,
                    Some(("inbox_id", id)) => one["inbox_id"] == *id,
                    Some((_, label)) => one["labels"].as_array().unwrap().contains(label),
                };
                is_of && (status == "all" || one["status"] == status)
            };
            let fitting: Vec<&&Value> = all.iter().filter(fits).collect();
            let assignees = fitting.iter().filter_map(|one| one["meta"]["assignee"]["id"].as_i64());
            let assignees: Vec<i64> = assignees.collect();
            let mine = assignees.iter().filter(|one| Some(**one) == me).count();
            let (assigned, count) = (assignees.len(), fitting.len());
            let wanted = [mine, assigned, count - assigned, count].map(|count| count as i64);
            asked.push((format!("status={status}{query}"), wanted));
        }
    }
    stream::iter(asked)
        .for_each_concurrent(8, |(query, wanted)| async move {
            let path = path(&format!("/conversations/meta?{query}"));
            let counted = caller.get(&path).await.expect(200);
            assert_eq!(counts(&counted), wanted, "{query}");
        })
        .await;
}
