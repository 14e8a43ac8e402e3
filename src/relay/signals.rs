//! What nodes tell each other that is in no log, over core NATS: who types, and who is there. It
//! may be lost, and is never waited for. Without NATS everybody is alone.

use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use event_store::causes;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::NatsOptions;

/// What is told: a subject behind the prefix, and a body.
pub type Signal = (String, Vec<u8>);

/// First tokens of the subjects behind the prefix; none of them is in the stream.
pub const TYPING: &str = "typing";
/// The same for who is there.
pub const PRESENCE: &str = "presence";

/// Signals that wait to be heard; of foreign ones there may be any number.
const WAITING_MAX: usize = 1024;
/// A larger one is none of ours.
const BODY_SIZE_MAX: usize = 64 * 1024;
/// For the client to take one: it has no room while a server reads nothing.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);

/// Sends signals, and hands those of other nodes to `hear`, until `stop` is cancelled.
pub async fn run(
    nats: NatsOptions,
    subject_prefix: String,
    mut outgoing: mpsc::Receiver<Signal>,
    hear: impl Fn(&str, &[u8]) + Send + Sync,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let exchanged = exchange(&nats, &subject_prefix, &mut outgoing, &hear);
        match stop.run_until_cancelled(exchanged).await {
            // All senders are gone.
            Some(Ok(())) => return,
            Some(Err(error)) => {
                tracing::warn!(error = causes(&*error), "signals between nodes are interrupted");
                let _ = stop.run_until_cancelled(tokio::time::sleep(TAKEN_WITHIN)).await;
            }
            None => return,
        }
    }
}

async fn exchange(
    nats: &NatsOptions,
    prefix: &str,
    outgoing: &mut mpsc::Receiver<Signal>,
    hear: &(impl Fn(&str, &[u8]) + Send + Sync),
) -> Result<(), async_nats::Error> {
    // The client reconnects by itself, at the start too, and subscribes again when it does.
    let options = ConnectOptions::new().retry_on_initial_connect().no_echo();
    let client = nats.connect_with(options.subscription_capacity(WAITING_MAX)).await?;
    let typing = client.subscribe(format!("{prefix}.{TYPING}.*.*")).await?;
    let presence = client.subscribe(format!("{prefix}.{PRESENCE}")).await?;
    let mut heard = futures::stream::select(typing, presence);
    loop {
        tokio::select! {
            signal = outgoing.recv() => match signal {
                Some((subject, body)) => send(&client, format!("{prefix}.{subject}"), body).await?,
                None => return Ok(()),
            },
            message = heard.next() => {
                let message = message.ok_or("the subscriptions ended")?;
                let subject = message.subject.strip_prefix(prefix).unwrap_or_default();
                if message.payload.len() <= BODY_SIZE_MAX {
                    hear(subject.trim_start_matches('.'), &message.payload);
                }
            }
        }
    }
}

async fn send(client: &Client, subject: String, body: Vec<u8>) -> Result<(), async_nats::Error> {
    let taken = client.publish(subject, body.into());
    tokio::time::timeout(TAKEN_WITHIN, taken).await??;
    Ok(())
}
