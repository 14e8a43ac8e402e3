//! The master key: required, recognised, rotated.

use reqwest::Method;
use serde_json::json;

use super::talk;
use crate::harness::{Caller, Installation, MASTER_KEY, send};

const OTHER_KEY: &str = "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_is_refused_instead_of_taking_everything_for_erased() {
    let installation = Installation::new().await;
    talk(&installation.start()).await;
    let (status, _, errors) =
        installation.run(&["serve", "--master-key", OTHER_KEY, "--jwt-secret", &"x".repeat(32)]);
    assert_eq!(status, Some(1), "{errors}");
    assert!(errors.contains("COLLOQUY_MASTER_KEY is key "), "{errors}");
    let (status, _, errors) = installation.run(&["config", "--master-key", "short"]);
    assert_eq!(status, Some(2), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_master_key_opens_what_the_old_one_sealed() {
    let installation = Installation::new().await;
    let chat = talk(&installation.start()).await;
    let verified = installation.done(&["audit", "verify"]);
    let rotated = installation.done(&["keys", "rotate", "--to", OTHER_KEY]);
    assert!(
        rotated.starts_with("4 keys were wrapped anew\nall keys are wrapped with master key "),
        "{rotated}"
    );
    assert_eq!(installation.done(&["audit", "verify"]), verified, "the log is as it was");

    let (status, _, errors) = installation.run(&["audit", "log", "--master-key", MASTER_KEY]);
    assert_eq!(status, Some(1), "the old key opens nothing any more: {errors}");
    let server = installation.start_with(&["--master-key", OTHER_KEY]);
    let ann = server.caller("ann");
    ann.say(&chat, "four").await;
    let messages = ann.get(&format!("/api/apps/{}/messages", chat["id"])).await.expect(200);
    let texts: Vec<_> = messages["data"].as_array().unwrap().iter().map(|m| &m["text"]).collect();
    assert_eq!(json!(texts), json!(["one", "two", "three", "four"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_open_is_named_and_keeps_no_other_from_being_rotated() {
    let installation = Installation::new().await;
    talk(&installation.start()).await;
    let spoilt: String = sqlx::query_scalar(
        "update stream_keys set wrapped = wrapped || '\\x00'
         where aggregate_type = 'conversation'
         returning aggregate_id",
    )
    .fetch_one(&installation.pool().await)
    .await
    .unwrap();
    let (status, told, errors) = installation.run(&["keys", "rotate", "--to", OTHER_KEY]);
    assert_eq!(status, Some(0), "{errors}");
    assert!(told.starts_with("3 keys were wrapped anew\n"), "{told}");
    let named = format!("the key of stream conversation/{spoilt} does not open");
    assert!(errors.contains(&named), "{errors}");
    // The rotation leaves nothing behind: a server starts with the new key.
    installation.start_with(&["--master-key", OTHER_KEY]).caller("ann").arrive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_beside_a_running_server_is_refused_and_says_which() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let path = format!("/api/apps/{}/messages", chat["id"]);
    let say = async |caller: &Caller| {
        let request = caller.request(Method::POST, &path).header("Idempotency-Key", "once");
        send(request.json(&json!({"text": "yes"}))).await.expect(200)["id"].clone()
    };
    let said = say(&ann).await;
    let (status, _, errors) = installation.run(&["keys", "rotate", "--to", OTHER_KEY]);
    assert_eq!(status, Some(1), "{errors}");
    assert!(errors.contains("stop them first: colloquy serve, process "), "{errors}");
    drop(server);

    installation.done(&["keys", "rotate", "--to", OTHER_KEY]);
    let server = installation.start_with(&["--master-key", OTHER_KEY]);
    assert_eq!(say(&server.caller("ann")).await, said, "a repeated request is recognised");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_ended_before_the_kept_key_was_replaced_goes_on() {
    let installation = Installation::new().await;
    talk(&installation.start()).await;
    let folder = embedded::testing::folder();
    let (file, beside) = (folder.join("master-key"), folder.join("master-key.new"));
    let data_dir = [("COLLOQUY_DATA_DIR", folder.to_str().unwrap())];
    // As after a power failure: first before any key was wrapped, then right before the kept key is
    // replaced.
    for _ in 0..2 {
        std::fs::write(&file, MASTER_KEY).unwrap();
        let rotate = ["keys", "rotate", "--to", OTHER_KEY];
        let (status, _, errors) = installation.run_with(&rotate, &data_dir);
        assert_eq!(status, Some(0), "{errors}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), OTHER_KEY);
        assert!(!beside.exists());
    }
    std::fs::write(&file, MASTER_KEY).unwrap();
    std::fs::create_dir(&beside).unwrap();
    let back = ["keys", "rotate", "--master-key", OTHER_KEY, "--to", MASTER_KEY];
    let (status, _, _) = installation.run_with(&back, &data_dir);
    assert_eq!(status, Some(1), "nothing is wrapped with a key that could not be kept");
    installation.done(&["audit", "log", "--master-key", OTHER_KEY]);
}
