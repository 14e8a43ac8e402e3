//! Nodes tell each other over core NATS that the log has grown, so that a follower on another node
//! need not wait for its next poll. A hint carries no data; its receiver reads the head of the log
//! itself: a hint that is late or foreign costs one look, at most one per pause, and a lost one
//! only time. Without NATS every node keeps polling.

use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use event_store::{Log, causes};
use futures::{FutureExt, Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::NatsOptions;

/// Pause between two hints, and between two looks: the next one covers what happens meanwhile.
const PAUSE: Duration = Duration::from_millis(10);

/// Most received hints that wait: one is enough, and foreign ones may be large.
const WAITING_MAX: usize = 4;

/// Time limit for the client to accept a hint: its buffer is full while the server reads nothing.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);

/// Sends and receives hints on `<prefix>.hint` until `stop` is cancelled. Connects, and reconnects,
/// whenever NATS is available.
pub async fn run(log: Log, nats: NatsOptions, subject_prefix: String, stop: CancellationToken) {
    let subject = format!("{subject_prefix}.hint");
    while !stop.is_cancelled() {
        let hints = exchange(&log, &nats, &subject);
        if let Some(Err(error)) = stop.run_until_cancelled(hints).await {
            tracing::warn!(error = causes(&*error), "hints between nodes are interrupted");
            let _ = stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(5))).await;
        }
    }
}

async fn exchange(log: &Log, nats: &NatsOptions, subject: &str) -> Result<(), async_nats::Error> {
    // The client reconnects by itself, even at the start, and then subscribes again.
    let options = ConnectOptions::new().retry_on_initial_connect().no_echo();
    let options = options.subscription_capacity(WAITING_MAX);
    let client = nats.connect_with(options).await?;
    let heard = client.subscribe(subject.to_owned()).await?;
    tokio::select! {
        sent = send(log, &client, subject) => sent,
        _looks = hear(log, heard) => Err("the subscription ended".into()),
    }
}

/// Sends one hint for all that this process has appended since the last one. Appends of other nodes
/// are announced by those nodes: passing them on would go in circles.
async fn send(log: &Log, client: &Client, subject: &str) -> Result<(), async_nats::Error> {
    let mut appended = log.own_appends();
    while appended.changed().await.is_ok() {
        let taken = client.publish(subject.to_owned(), "".into());
        tokio::time::timeout(TAKEN_WITHIN, taken).await??;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Looks at the head once for all hints since the last look; returns the number of looks.
async fn hear<M>(log: &Log, mut heard: impl Stream<Item = M> + Unpin) -> u64 {
    let mut looks = 0;
    while heard.next().await.is_some() {
        while let Some(Some(_)) = heard.next().now_or_never() {}
        looks += 1;
        // Followers of the log report failures themselves, and look again.
        let _ = log.look().await;
        tokio::time::sleep(PAUSE).await;
    }
    looks
}

#[cfg(test)]
mod tests {
    use event_store::Position;

    use super::*;
    use crate::tests::Fixture;
    use embedded::testing::{Proxy, nats_url, unique};

    /// Only hints make the second node look at the log: nothing on it waits for the log.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_one_node_appends_another_learns_at_once() {
        let url = nats_url().await;
        let here = Fixture::new(url.clone()).await;
        let there = Log::new(here.log.pool().clone(), here.log.keys().clone());
        let nats = NatsOptions::new(&url).unwrap();
        let (prefix, stop) = (unique("hint"), CancellationToken::new());
        let tasks: Vec<_> = [&here.log, &there]
            .map(|log| tokio::spawn(run(log.clone(), nats.clone(), prefix.clone(), stop.clone())))
            .into();
        let mut known = there.wakeups();
        for position in 1..=20 {
            here.append(1).await;
            // The first hints may be sent before the second node has subscribed.
            let learned = tokio::time::timeout(
                Duration::from_secs(2),
                known.wait_for(|known| *known >= Position::new(position)),
            );
            let learned = learned.await.is_ok();
            assert!(learned || position < 3, "position {position} was not heard of");
        }
        stop.cancel();
        for task in tasks {
            task.await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hints_are_heard_again_after_their_connection_was_dropped_without_a_word() {
        let url = nats_url().await;
        let here = Fixture::new(url.clone()).await;
        let there = Log::new(here.log.pool().clone(), here.log.keys().clone());
        let proxy = Proxy::start(url.rsplit_once(':').unwrap().1.parse().unwrap()).await;
        let cut_off = format!("nats://127.0.0.1:{}", proxy.port);
        let (prefix, stop) = (unique("hint"), CancellationToken::new());
        for (log, url) in [(&here.log, url), (&there, cut_off)] {
            let nats = NatsOptions::new(&url).unwrap();
            tokio::spawn(run(log.clone(), nats, prefix.clone(), stop.clone()));
        }
        let mut known = there.wakeups();
        for is_cut in [false, true] {
            if is_cut {
                proxy.cut();
            }
            let heard = async {
                loop {
                    here.append(1).await;
                    let head = here.log.head().await.unwrap();
                    let known = known.wait_for(|known| *known >= head);
                    if tokio::time::timeout(Duration::from_millis(100), known).await.is_ok() {
                        break;
                    }
                }
            };
            let heard = tokio::time::timeout(Duration::from_secs(25), heard).await;
            assert!(heard.is_ok(), "nothing is heard, is_cut: {is_cut}");
        }
        stop.cancel();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_of_foreign_messages_is_neither_believed_nor_followed() {
        const MESSAGES: usize = 20_000;
        let url = nats_url().await;
        let log = Fixture::new(url.clone()).await.log;
        let client = async_nats::connect(url).await.unwrap();
        let subject = unique("hint");
        let heard = client.subscribe(subject.clone()).await.unwrap();
        client.flush().await.unwrap();
        let started = std::time::Instant::now();
        let hearing = {
            let log = log.clone();
            tokio::spawn(async move { hear(&log, heard.take(MESSAGES)).await })
        };
        for _ in 0..MESSAGES {
            client.publish(subject.clone(), "999999999".into()).await.unwrap();
        }
        let looks = hearing.await.unwrap();
        let most = started.elapsed().as_millis() / PAUSE.as_millis() + 1;
        assert!(looks >= 1 && u128::from(looks) <= most, "{looks} looks, {most} at most");
        assert_eq!(*log.wakeups().borrow(), Position::START);
    }
}
