//! The master key: needed, told apart, rotated.

use serde_json::json;

use super::talk;
use crate::harness::{Installation, MASTER_KEY};

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
    assert!(rotated.starts_with("3 keys are wrapped with master key "), "{rotated}");
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
