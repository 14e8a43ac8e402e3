//! Nodes whose clocks are an hour off: the database's clock alone decides who holds a lease, and
//! until when.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use embedded::testing::folder;
use serde_json::json;

use super::owners::GOES_ON_WITHIN;
use crate::harness::{Installation, Server, wait_until};

/// Makes a process see another time of day. Durations are measured by another clock, which no
/// administrator can set either.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += atol(getenv("CLOCK_AHEAD_S"));
    return failed;
}
"#;

/// Compiles it with the C compiler that also links Rust.
fn compile(folder: &Path) -> String {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, CLOCK).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]);
    assert!(compiler.status().unwrap().success());
    library.to_str().unwrap().to_owned()
}

/// Each lease's name, the node that holds it, and how often it was taken.
type Leases = Vec<(String, Option<String>, i64)>;

async fn leases(installation: &Installation) -> Leases {
    let held = "select name, owner::text, epoch from leases
                where expires_at > clock_timestamp() order by name";
    sqlx::query_as(held).fetch_all(&installation.pool().await).await.unwrap()
}

/// Waits until a node holds the leases of the read models, the relay and the reactors; returns
/// them.
async fn taken_by(installation: &Installation, server: &Server) -> Leases {
    let details = server.key().get("/readyz?verbose").await;
    let node = details.body["node"].as_str().unwrap().to_owned();
    let since = Instant::now();
    wait_until("the node has all leases", async || {
        let found = leases(installation).await;
        found.len() == 3 && found.iter().all(|(_, owner, _)| owner.as_ref() == Some(&node))
    })
    .await;
    assert!(since.elapsed() < GOES_ON_WITHIN, "{:?}", since.elapsed());
    leases(installation).await
}

fn epochs(leases: &Leases) -> Vec<i64> {
    leases.iter().map(|(.., epoch)| *epoch).collect()
}

/// How many hours ahead the node's clock was that executed the newest command.
async fn hours_ahead(installation: &Installation) -> f64 {
    let told = "select round(extract(epoch from (metadata ->> 'occurred_at')::timestamptz
                                                - recorded_at) / 3600)::float8
                from events order by position desc limit 1";
    sqlx::query_scalar(told).fetch_one(&installation.pool().await).await.unwrap()
}

/// First the node with the right clock holds the leases, then the one that is ahead, then the one
/// that is behind, each while the next one runs beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_an_hour_off_takes_no_lease_early_and_keeps_none_for_longer() {
    let folder = folder();
    let library = compile(&folder);
    let installation = Installation::new().await;
    let mut owner = installation.start();
    owner.caller("bob").arrive().await;
    let chat = owner.caller("ann").create(json!(["bob"])).await;
    let mut held = taken_by(&installation, &owner).await;
    for (seconds, hours) in [("3600", 1.0), ("-3600", -1.0)] {
        let variables = [("LD_PRELOAD", library.as_str()), ("CLOCK_AHEAD_S", seconds)];
        let other = installation.start_with_variables(&variables);
        // It answers once it shows its own command: by then it has tried to take the leases.
        other.caller("ann").say(&chat, seconds).await;
        assert_eq!(hours_ahead(&installation).await, hours);
        assert_eq!(leases(&installation).await, held);
        owner.kill();
        let taken = taken_by(&installation, &other).await;
        let once_more: Vec<_> = epochs(&held).iter().map(|epoch| epoch + 1).collect();
        assert_eq!(epochs(&taken), once_more);
        (owner, held) = (other, taken);
    }
    owner.caller("ann").say(&chat, "after").await;
    assert_eq!(leases(&installation).await, held);
    let path = format!("/api/conversations/{}", chat["id"]);
    let shown = owner.caller("bob").get(&path).await.expect(200);
    assert_eq!(shown["last_message"]["text"], "after");
    let verified = installation.run(&["replay", "verify"]);
    assert_eq!(verified, (Some(0), String::new(), String::new()));
}
