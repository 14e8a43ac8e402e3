//! The private PostgreSQL or NATS dies under a server that started them.

use std::path::Path;
use std::process::Command;

use embedded::testing::folder;
use serde_json::json;

use super::all_messages;
use crate::harness::{SECRET, Server, run, serve, wait_until};

fn start(data_dir: &Path) -> Server {
    let mut command = serve();
    command.env_remove("DATABASE_URL").env_remove("NATS_URL");
    command.env("COLLOQUY_DATA_DIR", data_dir);
    Server::start(command)
}

/// As the kernel does when memory runs out; the server's process is named by its pid file.
fn kill(pid_file: &Path) {
    let text = std::fs::read_to_string(pid_file).unwrap();
    let pid: i32 = text.lines().next().unwrap().trim().parse().unwrap();
    // SAFETY: a plain system call on a process of this test's own server.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
}

async fn wait_for_restarts(server: &Server, times: usize) {
    wait_until("it is started again", async || {
        server.log().matches("the private server is up again").count() == times
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_postgresql_that_dies_is_started_again_three_times() {
    let folder = folder();
    let server = start(&folder);
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let path = format!("/api/apps/{}/messages", chat["id"]);
    let pid_file = folder.join("postgres/cluster/postmaster.pid");
    let mut acknowledged = std::collections::BTreeSet::new();
    for times in 1..=3 {
        let text = format!("before {times}");
        ann.say(&chat, &text).await;
        acknowledged.insert(text);
        kill(&pid_file);
        wait_for_restarts(&server, times).await;
        wait_until("it is ready", async || ann.get("/readyz").await.body == "ready\n").await;
        wait_until("everything is shown again", async || {
            all_messages(&bob, &path).await == acknowledged
        })
        .await;
    }
    kill(&pid_file);
    assert_eq!(server.ended(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_nats_server_that_dies_is_started_again_three_times() {
    let folder = folder();
    let server = start(&folder);
    let ann = server.caller("ann");
    ann.arrive().await;
    let doctor = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        command.args(["doctor", "--format", "csv"]).env("COLLOQUY_DATA_DIR", &folder);
        run(command.env("COLLOQUY_JWT_SECRET", SECRET))
    };
    wait_until("the doctor finds the stream", async || {
        doctor().1.contains("stream,ok,\"CONVERSATIONS, at 1\"")
    })
    .await;
    for times in 1..=3 {
        kill(&folder.join("nats.pid"));
        wait_for_restarts(&server, times).await;
        ann.arrive().await;
    }
    kill(&folder.join("nats.pid"));
    assert_eq!(server.ended(), Some(1));
    let (status, found, _) = doctor();
    assert!(status == Some(0) && found.contains("not running"), "{found}");
}
