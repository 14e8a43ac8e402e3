use domain::Position;
use relay::Whole;

use super::Parts;
use crate::ops::Failure;
use crate::ops::format::{Layout, print};

pub(super) async fn run(parts: &Parts, layout: Layout) -> Result<(), Failure> {
    let whole = parts.compare().await?;
    let differences = match &whole {
        Some(whole) => differences(whole),
        None if parts.log.head().await? == Position::START => vec![],
        None => vec!["there is no such stream".to_owned()],
    };
    let stream = &parts.settings.stream;
    let mut rows = Vec::new();
    if relay::is_under_way(&parts.database.pool).await? {
        rows.push(vec!["repair".to_owned(), "under way".to_owned(), String::new()]);
    }
    for difference in &differences {
        rows.push(vec![stream.clone(), "FAILED".to_owned(), difference.clone()]);
    }
    if differences.is_empty() {
        let what = whole.as_ref().map_or_else(|| "not made yet".to_owned(), describe);
        rows.push(vec![stream.clone(), "ok".to_owned(), what]);
    }
    print(layout, &["stream", "verdict", "detail"], &rows)?;
    if differences.is_empty() { Ok(()) } else { Err(Failure::Difference) }
}

/// The first differences, each as a sentence.
pub(super) fn differences(whole: &Whole) -> Vec<String> {
    let mut told: Vec<_> = whole.settings.iter().map(ToString::to_string).collect();
    told.extend(whole.differences.iter().map(ToString::to_string));
    if let Some(first) = whole.not_erased.first() {
        let count = whole.not_erased.len();
        told.push(format!(
            "{count} erased messages are in the stream, message {first} before the others"
        ));
    }
    told
}

/// Describes a stream that matches the log.
pub(super) fn describe(whole: &Whole) -> String {
    let Whole { first, last, head, erased, .. } = whole;
    let messages = match first <= last {
        true => format!("messages {first} to {last} are the events of their numbers"),
        false => "it is empty".to_owned(),
    };
    let erased = match erased {
        0 => String::new(),
        erased => format!(", {erased} of them erased"),
    };
    let behind = match *head - *last {
        ..=0 => String::new(),
        behind => format!("; {behind} events are not published yet"),
    };
    messages + &erased + &behind
}
