use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::Listening;
use crate::harness::{Caller, Installation, Server, wait_until};

/// A node has to bear this many without effort; a thousand were tried by hand.
const STREAMS: usize = 200;

async fn status(caller: &Caller) -> u16 {
    caller.request(Method::GET, "/events").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn streams_have_places_of_their_own() {
    let installation = Installation::new().await;
    let limits = ["--user-event-streams-max", "2", "--event-streams-max", "6"];
    let requests = ["--user-requests-max", "1", "--account-requests-max", "2"];
    let server = installation.start_with(&[limits, requests].concat());
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    let mut anns = vec![ann.listen().await, ann.listen().await];
    ann.get("/events").await.expect(429);
    ann.get("/api/user").await.expect(200);
    let _bobs = bob.listen().await;
    bob.get("/events").await.expect(429);
    let _others = server.caller_with("ann", 2, "member").listen().await;
    anns.pop();
    wait_until("the place is free", async || status(&bob).await == 200).await;
}

#[tokio::test]
async fn many_idle_streams_keep_nobody_waiting_and_all_are_told() {
    let server = Server::fresh().await;
    let uids: Vec<String> = (0..STREAMS / 10).map(|n| format!("user-{n}")).collect();
    let callers: Vec<Caller> = uids.iter().map(|uid| server.caller(uid)).collect();
    join_all(callers.iter().map(Caller::arrive)).await;
    let streams = callers.iter().flat_map(|caller| (0..10).map(|_| caller.listen()));
    let mut streams: Vec<Listening> = join_all(streams).await;
    let started = Instant::now();
    for _ in 0..20 {
        callers[0].arrive().await;
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    callers[0].create(json!(uids[1..])).await;
    let told = join_all(streams.iter_mut().map(|stream| stream.up_to("ConversationCreated"))).await;
    let first = &told[0];
    assert_eq!(first.len(), 1);
    assert!(told.iter().all(|told| told == first));
}
