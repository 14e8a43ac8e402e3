//! A foreign message in the stream that belongs to the relay is reported wherever an operator
//! looks, and commands still work.

use serde_json::json;

use crate::harness::{Caller, Installation, Server, wait_until};

use super::metric;

pub async fn becomes(ann: &Caller, readiness: &str) {
    wait_until(readiness, async || {
        let ready = ann.get("/readyz").await;
        ready.status == 200 && ready.body == readiness
    })
    .await;
}

/// How often a message was logged.
fn logged(server: &Server, message: &str) -> usize {
    server.log().matches(message).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_the_log_is_seen_everywhere_until_it_is_put_right() {
    const FOUND: &str = "message 4 of the stream is not event 4 of the log";
    const WRONG: &str = "publishing stopped until an operator acts";
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob, host) = (server.caller("ann"), server.caller("bob"), server.key());
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let client = async_nats::connect(&installation.nats_url).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    super::wait_for_stream(&jetstream, &installation.stream, 3).await;
    becomes(&ann, "ready\n").await;

    let subject = format!("{}.v1.foreign", installation.prefix);
    jetstream.publish(subject, "mine".into()).await.unwrap().await.unwrap();
    ann.say(&chat, "hi").await;
    becomes(&ann, "degraded: relay\n").await;
    ann.say(&chat, "still there?").await;
    wait_until("the lag is measured", async || {
        metric(&host, "colloquy_relay_failing").await == Some(1.0)
            && metric(&host, "colloquy_relay_lag").await == Some(2.0)
            && metric(&host, "colloquy_relay_lag_seconds").await > Some(1.0)
    })
    .await;
    wait_until("it is logged", async || logged(&server, WRONG) == 1).await;
    let (status, output, _) = installation.run(&["doctor"]);
    assert!(status == Some(3) && output.contains(FOUND), "{output}");

    jetstream.delete_stream(&installation.stream).await.unwrap();
    becomes(&ann, "ready\n").await;
    super::wait_for_stream(&jetstream, &installation.stream, 5).await;
    wait_until("nothing lags", async || {
        metric(&host, "colloquy_relay_failing").await == Some(0.0)
            && metric(&host, "colloquy_relay_lag_seconds").await == Some(0.0)
    })
    .await;
    wait_until("its end is logged", async || logged(&server, "publishing to NATS again") == 1)
        .await;
    assert_eq!((logged(&server, WRONG), logged(&server, FOUND)), (1, 1));
    installation.done(&["doctor"]);
}
