use std::io::{BufRead, IsTerminal};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use async_nats::jetstream::consumer;
use domain::Position;
use relay::{Checked, Repair, Status, Whole};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Parts;
use super::check::{describe, differences};
use super::until_interrupted;
use crate::ops::progress::Progress;
use crate::ops::{Failure, output};

/// Without progress for this long, the verb gives up waiting; running servers continue the repair.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(parts: &Parts, without_asking: bool) -> Result<(), Failure> {
    parts.require_master_key()?;
    let whole = parts.compare().await?;
    let is_under_way = relay::is_under_way(&parts.database.pool).await?;
    let stream = &parts.settings.stream;
    if let Some(whole) = whole.as_ref().filter(|whole| whole.is_right() && !is_under_way)
        && whole.last >= whole.head
    {
        return output::line(format_args!("{stream}: {}: nothing is to be done", describe(whole)));
    }
    let repair = whole.as_ref().and_then(|whole| Repair::of(whole, &parts.settings));
    let plan = plan(parts, whole.as_ref(), repair.as_ref(), is_under_way).await?;
    output::text(&plan).map(drop)?;
    if !without_asking && !agreed()? {
        return output::line("nothing was changed");
    }
    if let Some(repair) = &repair {
        repair.order(&parts.database.pool).await?;
    } else if let Some(whole) = &whole {
        relay::erase_again(&parts.database.pool, &whole.not_erased).await?;
    }
    until_interrupted(
        carry_out(parts),
        None,
        "the servers complete it, or run the same command again",
    )
    .await?;
    match parts.compare().await? {
        Some(whole) if whole.is_right() => {
            output::line(format_args!("{stream}: {}", describe(&whole)))
        }
        Some(whole) => {
            for difference in differences(&whole) {
                output::line(format_args!("{stream}: {difference}"))?;
            }
            Err(Failure::Difference)
        }
        None => Err(anyhow!("the stream is gone again").into()),
    }
}

/// Describes the differences, and what will be done about them.
async fn plan(
    parts: &Parts,
    whole: Option<&Whole>,
    repair: Option<&Repair>,
    is_under_way: bool,
) -> Result<String, Failure> {
    let head = parts.log.head().await?;
    let mut lines = vec![format!("stream {}, the log's head at {head}:", parts.settings.stream)];
    match whole {
        None => lines.push("  there is no such stream".to_owned()),
        Some(whole) if whole.is_right() => lines.push(format!("  {}", describe(whole))),
        Some(whole) => {
            lines.extend(differences(whole).into_iter().map(|what| format!("  {what}")));
        }
    }
    lines.push("to make it right:".to_owned());
    if is_under_way {
        lines.push("  a repair that was begun is finished".to_owned());
    }
    match (whole, repair) {
        (None, _) => lines.push(format!("  it is made, and events 1 to {head} are published")),
        (Some(_), Some(repair)) => lines.extend(rebuild(parts, repair, head).await?),
        (Some(whole), None) if whole.last < head => {
            lines.push(format!("  events {} to {head} are published", whole.last.next()));
        }
        (Some(_), None) => {}
    }
    lines.push("  what was erased is erased from it".to_owned());
    Ok(lines.join("\n") + "\n")
}

async fn rebuild(parts: &Parts, repair: &Repair, head: Position) -> Result<Vec<String>, Failure> {
    let (first, wrong) = (repair.first_position(), repair.wrong_position());
    let mut lines = vec![format!(
        "  it is deleted and made again with its settings, and events {first} to {head} are \
         published: wrong from message {wrong} on"
    )];
    if wrong == first {
        lines.push(
            "  (a stream of another installation is lost by that: then rather choose another \
             COLLOQUY_NATS_STREAM and COLLOQUY_NATS_SUBJECT_PREFIX)"
                .to_owned(),
        );
    }
    let consumers = match durable_consumers(parts).await {
        // Another process's repair has deleted the stream, after recording its consumers.
        Err(_) if relay::is_under_way(&parts.database.pool).await? => {
            lines.push("  another repair has begun meanwhile, and is finished".to_owned());
            vec![]
        }
        consumers => consumers?,
    };
    for consumer in consumers {
        let (name, goes_on_at) = (&consumer.name, repair.goes_on_at(&consumer));
        let was_at = Position::new(consumer.ack_floor.stream_sequence as i64 + 1);
        lines.push(match goes_on_at < was_at {
            true => {
                format!("  its consumer {name} goes back from message {was_at} to {goes_on_at}")
            }
            false => format!("  its consumer {name} continues at message {goes_on_at}"),
        });
    }
    Ok(lines)
}

async fn durable_consumers(parts: &Parts) -> Result<Vec<consumer::Info>, Failure> {
    let jetstream = async_nats::jetstream::new(parts.reached.client.clone());
    let stream = jetstream.get_stream(&parts.settings.stream).await?;
    Ok(relay::durable_consumers(&stream).await?)
}

fn agreed() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "--repair asks before it changes anything: expected --yes without a terminal"
                .to_owned(),
        ));
    }
    output::text("go on? [y/N] ").map(drop)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The relay that holds the lease does the work: a server's or, if no server runs, the one started
/// here.
async fn carry_out(parts: &Parts) -> Result<(), Failure> {
    let (sender, status) = watch::channel(Status::default());
    let stop = CancellationToken::new();
    let (log, settings) = (parts.log.clone(), parts.settings.clone());
    let node = Uuid::new_v4();
    let relay = relay::run(log, settings, node, sender, stop.clone());
    let waiting = async {
        let done = wait(parts, &status).await;
        stop.cancel();
        done
    };
    let (_, done) = tokio::join!(relay, waiting);
    done
}

async fn wait(parts: &Parts, status: &watch::Receiver<Status>) -> Result<(), Failure> {
    let head = parts.log.head().await?;
    let mut progress = Progress::new("published", head.get().unsigned_abs(), 0);
    let mut last = (None, 0);
    let mut changed = Instant::now();
    loop {
        let is_under_way = relay::is_under_way(&parts.database.pool).await?;
        let checked =
            relay::check(&parts.reached.client, &parts.settings, &parts.database.pool).await;
        if let Ok(Checked { last: now, findings }) = checked {
            if !is_under_way && now >= Some(head) && findings.is_empty() {
                progress.finish();
                return Ok(());
            }
            progress.set(now.map_or(0, Position::get).unsigned_abs());
            if (now, findings.len()) != last {
                (last, changed) = ((now, findings.len()), Instant::now());
            }
        }
        if changed.elapsed() > PATIENCE {
            let why = status.borrow().failure.clone();
            let why = why.unwrap_or_else(|| "nothing was published".to_owned());
            return Err(anyhow!("no progress for {} s: {why}", PATIENCE.as_secs()).into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
