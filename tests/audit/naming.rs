//! Auditors can name a conversation by any id that a dialect shows of it.

use domain::AccountId;
use domain::conversation::{Command, Create, Kind};
use serde_json::{Value, json};

use super::{stream, talk};
use crate::harness::Installation;

fn named(installation: &Installation, arguments: &[&str]) -> String {
    let arguments = [&["audit", "state", "--format", "json"], arguments].concat();
    let state: Value = serde_json::from_str(&installation.done(&arguments)).unwrap();
    state["conversation"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_named_by_its_id_in_any_dialect() {
    let installation = Installation::new().await;
    let server = installation.start();
    let chat = talk(&server).await;
    let uuid = stream(&installation);
    let number = chat["id"].to_string();
    let list = server.caller("ann").get("/v1/conversations").await.expect(200);
    let protocol = list["data"][0]["id"].as_str().unwrap().to_owned();
    for name in [&uuid, &number, &protocol] {
        assert_eq!(named(&installation, &[name]), uuid, "{name}");
        let log = ["audit", "log", name, "--type", "MessagePosted", "--format", "json"];
        assert_eq!(installation.done(&log).lines().count(), 3, "{name}");
        let diff = ["audit", "diff", name, "--from", "5", "--to", "6", "--format", "csv"];
        assert!(installation.done(&diff).contains("last_message.text,two,three"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_those_of_an_account() {
    let installation = Installation::new().await;
    let server = installation.start();
    talk(&server).await;
    let [ann, bob] = ["ann", "bob"].map(|uid| server.caller_with(uid, 2, "member"));
    bob.arrive().await;
    let number = ann.create(json!(["bob"])).await["id"].to_string();
    assert_eq!(number, "3", "the same as in account 1");
    let other = named(&installation, &[&number, "--account", "2"]);
    let first = named(&installation, &[&number]);
    assert_eq!(first, stream(&installation), "account 1 by default");
    assert_ne!(first, other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contextual_chat_is_named_by_its_uid_the_newest_of_them() {
    let installation = Installation::new().await;
    installation.done(&["migrate"]);
    let mut create = Create::room(domain::user_id(AccountId::FIRST, "ann"), vec![]);
    (create.kind, create.uid) = (Kind::Contextual, Some("7".to_owned()));
    let (first, second) = (
        domain::contextual_chat_id(AccountId::FIRST, "7", 0),
        domain::contextual_chat_id(AccountId::FIRST, "7", 1),
    );
    installation.tell(first, Command::CreateConversation(create.clone())).await;
    assert_eq!(named(&installation, &["7"]), first.to_string());
    installation.tell(second, Command::CreateConversation(create)).await;
    for name in ["7", "uid:7"] {
        assert_eq!(named(&installation, &[name]), second.to_string());
    }
    let (status, _, errors) = installation.run(&["audit", "state", "7", "--account", "2"]);
    assert!(status == Some(1) && errors.contains("account 2"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_conversation_is_an_error_that_says_what_was_looked_for() {
    let installation = Installation::new().await;
    let server = installation.start();
    talk(&server).await;
    for verb in ["log", "state"] {
        for unknown in ["4711", "nobody", "uid:7", "00000000-0000-4000-8000-000000000000"] {
            let (status, _, errors) = installation.run(&["audit", verb, unknown]);
            assert_eq!((status, errors.lines().count()), (Some(1), 1), "{errors}");
            assert!(errors.contains(&format!("there is no conversation {unknown}")), "{errors}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_conversation_is_still_named_by_its_number_and_says_when_it_was_erased() {
    let installation = Installation::new().await;
    let server = installation.start();
    let chat = talk(&server).await;
    server.caller("ann").delete(&format!("/api/apps/{}", chat["id"])).await.expect(204);
    let state = ["audit", "state", &chat["id"].to_string(), "--format", "json"];
    let state: Value = serde_json::from_str(&installation.done(&state)).unwrap();
    assert!(state["deleted_at"].is_string() && state.get("name").is_none(), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_a_line_for_each_event_a_grid_of_members_and_changes_by_event() {
    let installation = Installation::new().await;
    let server = installation.start();
    let chat = talk(&server).await;
    let number = chat["id"].to_string();
    server.caller("ann").put(&format!("/api/conversations/{number}/pin")).await.expect(200);

    let log = installation.done(&["audit", "log", &number, "--since", "2 days ago"]);
    assert_eq!(log.lines().count(), 4 + 5, "a line for each of five events: {log}");
    assert!(!log.contains("aggregate_id") && log.contains("three"), "{log}");
    let wide = installation.done(&["audit", "log", &number, "--wide"]);
    assert!(wide.contains("aggregate_id"), "{wide}");
    let none = installation.done(&["audit", "log", &number, "--until", "yesterday"]);
    assert!(none.contains("event_type") && !none.contains("MessagePosted"), "{none}");

    let state = installation.done(&["audit", "state", &number]);
    let words = |uid: &str| {
        let line = state.lines().find(|line| line.starts_with(&format!("│ {uid} ")));
        let line = line.unwrap_or_else(|| panic!("{state}"));
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let header = words("member");
    let pinned = header.iter().position(|name| name == "pinned").unwrap();
    assert_eq!((&*words("ann")[pinned], &*words("bob")[pinned]), ("yes", "·"), "{state}");

    let diff = installation.done(&["audit", "diff", &number, "--from", "5", "--to", "now"]);
    let lines: Vec<&str> = diff.lines().collect();
    assert!(lines[0].starts_with("6  ") && lines[0].ends_with("  MessagePosted  by ann"), "{diff}");
    assert!(lines.contains(&"      members.ann.pinned: false → true"), "{diff}");
}
