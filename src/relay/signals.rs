//! Ephemeral signals between nodes over core NATS, outside the log: typing and presence. A signal
//! may be lost, and nothing waits for one. Without NATS each node knows only its own users.

use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use event_store::causes;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::NatsOptions;

/// A subject without the prefix, and a body.
pub type Signal = (String, Vec<u8>);

/// First token after the prefix in subjects of typing; they are not part of the stream.
pub const TYPING: &str = "typing";
/// The same for presence.
pub const PRESENCE: &str = "presence";

/// Most received signals that wait; foreign programs may send any number.
const WAITING_MAX: usize = 1024;
/// Largest body in bytes; no node sends a larger one.
const BODY_SIZE_MAX: usize = 64 * 1024;
/// Time limit for the client to accept a signal: its buffer is full while the server reads nothing.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);

/// Sends signals, and passes those of other nodes to `hear`, until `stop` is cancelled.
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
    // The client reconnects by itself, even at the start, and then subscribes again.
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
