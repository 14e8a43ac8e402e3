//! Whatever is done to the stream, `replay nats --repair` puts it right, and its consumers miss
//! nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull;

use super::world::World;
use crate::harness::Installation;

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_message_beside_a_running_server_and_without_one() {
    for with_server in [true, false] {
        let (mut world, server) = World::new().await;
        world.publish_foreign().await;
        world.read_up_to(11).await;
        server.caller("carl").arrive().await;
        let server = Some(server).filter(|_| with_server);
        let (status, output) = world.run(&["--check"]);
        assert_eq!(status, Some(3), "{output}");
        assert!(output.contains("message 11 of the stream is not event 11 of the log"), "{output}");
        let (status, output) = world.run(&["--repair"]);
        assert_eq!(status, Some(2), "nobody was asked: {output}");
        world.is_repaired("its consumer reader goes back from message 12 to 11").await;
        if let Some(server) = &server {
            crate::faults::stream::becomes(&server.caller("ann"), "ready\n").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_were_deleted_or_purged() {
    for (deleted, kept, said) in [
        (&[9, 10][..], None, "message 9 is missing from the stream"),
        (&[5], None, "message 5 is missing from the stream"),
        (&[], Some(3), "message 1 is missing from the stream"),
    ] {
        let (mut world, server) = World::new().await;
        let stream = world.stream().await;
        for sequence in deleted.iter() {
            stream.delete_message(*sequence).await.unwrap();
        }
        if let Some(keep) = kept {
            stream.purge().keep(keep).await.unwrap();
        }
        let (status, output) = world.run(&["--check"]);
        assert!(status == Some(3) && output.contains(said), "{output}");
        world.is_repaired("its consumer reader ").await;
        server.caller("carl").arrive().await;
        world.until_published(11).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_deleted() {
    let (mut world, server) = World::new().await;
    server.kill();
    world.jetstream().await.delete_stream(&world.installation.stream).await.unwrap();
    let (status, output) = world.run(&["--check"]);
    assert!(status == Some(3) && output.contains("there is no such stream"), "{output}");
    let (status, output) = world.run(&["--repair", "--yes"]);
    assert_eq!(status, Some(0), "{output}");
    let (status, output) = world.run(&["--check"]);
    assert_eq!(status, Some(0), "{output}");
    // Its consumers are gone with it: one that keeps its own position creates another one there.
    let config = pull::Config {
        durable_name: Some("reader".to_owned()),
        deliver_policy: jetstream::consumer::DeliverPolicy::ByStartSequence { start_sequence: 6 },
        ..pull::Config::default()
    };
    world.stream().await.create_consumer(config).await.unwrap();
    world.is_repaired("nothing is to be done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_the_store_that_is_put_back() {
    let (mut world, server) = World::new().await;
    server.kill();
    let port = world.stop_broker().await;
    let (store, old) = (world.folder.join("nats"), world.folder.join("old"));
    copy(&store, &old);
    world.start_broker(port).await;
    let server = world.installation.start();
    let ann = server.caller("ann");
    // Its read models go on when the leases of the killed server have expired.
    crate::faults::stream::becomes(&ann, "ready\n").await;
    let chats = ann.get("/api/conversations").await.expect(200);
    let message = ann.say(&chats["data"][0], "to be deleted, too").await;
    ann.delete(&format!("/api/messages/{message}")).await.expect(204);
    world.until_published(12).await;
    server.kill();
    world.stop_broker().await;
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::rename(&old, &store).unwrap();
    world.start_broker(port).await;
    // The stream lacks the deleted message: it is published without its text, and then erased.
    let (status, output) = world.run(&["--check"]);
    assert!(status == Some(0) && output.contains("2 events are not published yet"), "{output}");
    let (status, output) = world.run(&["--repair", "--yes"]);
    assert!(status == Some(0) && output.contains("2 of them erased"), "{output}");
    let (status, output) = world.run(&["--check"]);
    assert_eq!(status, Some(0), "{output}");
    // The consumer goes on from the position in the old copy.
    world.read_up_to(12).await;
    let mut expected = world.log().await;
    expected.remove(&11);
    assert_eq!(world.shown, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_another_installation() {
    let (world, server) = World::new().await;
    server.kill();
    let other = Installation {
        nats_url: world.installation.nats_url.clone(),
        stream: world.installation.stream.clone(),
        prefix: world.installation.prefix.clone(),
        ..Installation::new().await
    };
    let server = other.start();
    server.caller("dora").arrive().await;
    let other = World { installation: other, shown: BTreeMap::new(), ..world };
    let (status, output) = other.run(&["--check"]);
    assert!(status == Some(3) && output.contains("message 1 of the stream is not"), "{output}");
    let (mut other, said) = (other, "a stream of another installation is lost by that");
    other.is_repaired(said).await;
}

/// Meanwhile the server goes on recording, and its relay tries to publish.
#[tokio::test(flavor = "multi_thread")]
async fn two_repairs_at_once_beside_a_busy_server() {
    let (mut world, server) = World::new().await;
    world.publish_foreign().await;
    let ann = server.caller("ann");
    let chats = ann.get("/api/conversations").await.expect(200);
    let chat = chats["data"][0].clone();
    let posting = tokio::spawn(async move {
        for n in 0..60 {
            ann.say(&chat, &format!("meanwhile {n}")).await;
        }
    });
    let repairs: Vec<_> = (0..2)
        .map(|_| {
            let installation = world.installation.clone();
            let arguments = ["replay", "nats", "--repair", "--yes"];
            tokio::task::spawn_blocking(move || installation.run(&arguments))
        })
        .collect();
    posting.await.unwrap();
    for repair in repairs {
        let (status, output, errors) = repair.await.unwrap();
        assert_eq!(status, Some(0), "{output}{errors}");
    }
    world.until_published(70).await;
    world.is_repaired("nothing is to be done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_is_killed_is_finished_by_the_next() {
    let (mut world, server) = World::new().await;
    server.kill();
    world.publish_foreign().await;
    world.read_up_to(11).await;
    let pool = world.installation.pool().await;
    for pause_ms in [300, 600, 900, 1200, 1500] {
        let killed = world.installation.follow(&["replay", "nats", "--repair", "--yes"]);
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        drop(killed);
        // The lease of the killed process would expire only later.
        sqlx::query("update leases set expires_at = '-infinity'").execute(&pool).await.unwrap();
    }
    let (status, output) = world.run(&["--repair", "--yes"]);
    assert_eq!(status, Some(0), "{output}");
    // The foreign message is not in the log.
    world.shown.remove(&11);
    world.installation.start().caller("carl").arrive().await;
    world.until_published(11).await;
    world.is_repaired("nothing is to be done").await;
}
