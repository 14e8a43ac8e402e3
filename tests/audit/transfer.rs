//! A log that is verified without its database, and one that is moved to another database.

use std::path::Path;

use serde_json::{Value, json};

use super::talk;
use crate::harness::{Installation, Server, wait_until};

fn path(folder: &Path) -> String {
    folder.join("log.ndjson").to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_file_is_verified_offline() {
    let folder = embedded::testing::folder();
    let path = path(&folder);
    let installation = Installation::new().await;
    talk(&installation.start()).await;
    installation.done(&["audit", "export", "--output", &path]);
    let mut elsewhere = installation.clone();
    elsewhere.database_url = "postgres://nobody@127.0.0.1:1/none".to_owned();
    assert!(elsewhere.done(&["audit", "verify", "--file", &path]).contains("to 6"));

    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without = |gone: usize| -> String {
        lines
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != gone)
            .map(|(_, line)| format!("{line}\n"))
            .collect()
    };
    for (changed, expected) in [
        (text.replace("MessagePosted", "MessagePoster"), "WRONG at position 4: its digest"),
        (without(2), "WRONG at position 2: the event is missing"),
        (without(6), "WRONG at position 6: the event is missing: the file should end with 6"),
    ] {
        std::fs::write(&path, changed).unwrap();
        let (status, output, _) = elsewhere.run(&["audit", "verify", "--file", &path]);
        assert_eq!(status, Some(3), "{output}");
        assert!(output.starts_with(expected), "{output}");
    }

    installation.done(&["audit", "export", "--from", "3", "--to", "5", "--output", &path]);
    assert!(elsewhere.done(&["audit", "verify", "--file", &path]).contains("to 5"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_moves_with_its_positions_digests_keys_and_erasures() {
    let folder = embedded::testing::folder();
    let path = path(&folder);
    let here = Installation::new().await;
    let server = here.start();
    let chat = talk(&server).await;
    let gone = server.caller("ann").say(&chat, "four").await;
    server.caller("ann").delete(&format!("/api/messages/{gone}")).await.expect(204);
    drop(server);
    here.done(&["audit", "export", "--with-keys", "--output", &path]);

    let there = Installation::new().await;
    there.done(&["audit", "import", &path]);
    assert_eq!(there.done(&["audit", "verify"]), here.done(&["audit", "verify"]));
    let server = there.start();
    let ann = server.caller("ann");
    let messages = ann.get(&format!("/api/apps/{}/messages", chat["id"])).await.expect(200);
    assert_eq!(messages["data"][2]["text"], "three");
    let said = ann.say(&chat, "five").await;
    assert_eq!(said, 9, "the numbers go on");
    let jetstream = async_nats::jetstream::new(async_nats::connect(&there.nats_url).await.unwrap());
    wait_until("the new stream has it all but what was erased", async || {
        let Ok(stream) = jetstream.get_stream(&there.stream).await else { return false };
        let info = stream.info_builder().with_deleted(true).fetch().await.unwrap().info.state;
        (info.last_sequence, info.deleted.unwrap_or_default()) == (9, vec![7])
    })
    .await;

    let (status, _, errors) = there.run(&["audit", "import", &path]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("the database has 9 events"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_imported_without_keys_is_right_and_says_so() {
    let folder = embedded::testing::folder();
    let path = path(&folder);
    let here = Installation::new().await;
    talk(&here.start()).await;
    here.done(&["audit", "export", "--output", &path]);
    let there = Installation::new().await;
    there.done(&["audit", "import", &path]);
    let verified = there.done(&["audit", "verify"]);
    assert!(verified.contains("imported without keys: the text of "), "{verified}");
    assert!(verified.starts_with("verified: positions 1 to 6"), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_a_changed_file_leaves_nothing() {
    let folder = embedded::testing::folder();
    let path = path(&folder);
    let here = Installation::new().await;
    talk(&here.start()).await;
    here.done(&["audit", "export", "--output", &path]);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"position\":6", "\"position\":7", 1)).unwrap();
    let there = Installation::new().await;
    let (status, output, _) = there.run(&["audit", "import", &path]);
    assert_eq!(status, Some(3), "{output}");
    let count: i64 = sqlx::query_scalar("select count(*) from events")
        .fetch_one(&there.pool().await)
        .await
        .unwrap();
    assert_eq!((count, json!(output.contains("WRONG at position 6"))), (0, json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_of_the_log_has_everything() {
    has_everything(embedded::testing::back_up, embedded::testing::restore).await;
}

/// The data is loaded when the triggers that keep counts exist already, and it contains the counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_restored_in_two_steps_counts_everything_once() {
    let (back_up, restore) =
        (embedded::testing::back_up_all, embedded::testing::restore_in_two_steps);
    has_everything(back_up, restore).await;
}

async fn has_everything(back_up: fn(&str, &str), restore: fn(&str, &str)) {
    let folder = embedded::testing::folder();
    let file = folder.join("log.dump").to_str().unwrap().to_owned();
    let here = Installation::new().await;
    let server = here.start();
    let chat = talk(&server).await;
    let before = seen(&server, &chat).await;
    drop(server);
    back_up(&here.database_url, &file);

    let there = Installation::unmigrated().await;
    restore(&there.database_url, &file);
    assert_eq!(there.done(&["audit", "verify"]), here.done(&["audit", "verify"]));
    let server = there.start();
    assert_eq!(seen(&server, &chat).await, before);
    assert_eq!(server.caller("ann").say(&chat, "four").await, 7, "the numbers go on");
}

/// The lists and counts that Bob sees.
async fn seen(server: &Server, chat: &Value) -> [Value; 3] {
    let bob = server.caller("bob");
    let mut list = bob.get("/api/conversations").await.expect(200);
    // Presence is not in the log.
    for member in list["data"][0]["members"].as_array_mut().unwrap() {
        member.as_object_mut().unwrap().remove("presence");
    }
    [
        list,
        bob.get("/api/conversations/badge").await.expect(200),
        bob.get(&format!("/api/apps/{}/messages", chat["id"])).await.expect(200),
    ]
}
