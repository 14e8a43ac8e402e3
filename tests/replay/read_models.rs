use serde_json::{Value, json};
use sqlx::Executor;

use crate::harness::{Caller, Installation, wait_until};

fn statuses(installation: &Installation) -> Vec<Value> {
    let printed = installation.done(&["projection", "status", "--format", "json"]);
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A chat with messages; returns its path.
async fn chat(ann: &Caller, bob: &Caller) -> String {
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    for text in ["one", "two", "three"] {
        ann.say(&chat, text).await;
    }
    format!("/api/conversations/{}", chat["id"])
}

async fn last_message(bob: &Caller, path: &str) -> Value {
    bob.get(path).await.expect(200)["last_message"]["text"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_difference_is_named_and_gone_after_a_rebuild_beside_a_server() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    let path = chat(&ann, &bob).await;
    let verify = ["replay", "verify", "--format", "json"];
    assert_eq!(installation.run(&verify), (Some(0), String::new(), String::new()));

    let planted = "update messages set text = 'planted' where text = 'three'";
    installation.pool().await.execute(planted).await.unwrap();
    let (status, output, errors) = installation.run(&verify);
    assert_eq!(status, Some(3), "{output}{errors}");
    let difference: Value = serde_json::from_str(output.trim()).unwrap();
    assert_eq!(difference["table"], "messages");
    assert_eq!(difference["shown"]["text"], "planted");
    assert_eq!(difference["log says"]["text"], "three");
    let head: i64 = sqlx::query_scalar("select position from log_head")
        .fetch_one(&installation.pool().await)
        .await
        .unwrap();
    assert_eq!(difference["events"], json!([head]), "the posting is the newest event");
    assert!(errors.contains("1 of "), "{errors}");

    let sampled = installation.run(&["replay", "verify", "--sample", "5", "--format", "json"]);
    assert_eq!((sampled.0, sampled.1), (Some(3), output), "there is one conversation to choose");
    let chat = path.rsplit_once('/').unwrap().1;
    let folded = installation.done(&["replay", "projection", "--conversation", chat]);
    assert!(folded.contains(&format!("folded anew up to position {head}")), "{folded}");
    assert_eq!(installation.run(&verify), (Some(0), String::new(), String::new()));

    installation.pool().await.execute(planted).await.unwrap();
    let built = installation.done(&["replay", "projection", "messages"]);
    assert!(built.contains(&format!("up to position {head} ")), "{built}");
    assert_eq!(installation.run(&verify), (Some(0), String::new(), String::new()));
    let seen = async || last_message(&bob, &path).await == "three";
    wait_until("nodes show what was put right", seen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_was_killed_goes_on_without_a_server_and_a_server_goes_on_with_its_rows() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    let path = chat(&ann, &bob).await;
    // The run that has the lease is killed in the middle: the tables are locked, so that it cannot
    // switch.
    let pool = installation.pool().await;
    let mut reader = pool.begin().await.unwrap();
    reader.execute("lock table messages in access share mode").await.unwrap();
    let rebuild = installation.follow(&["replay", "projection", "--all"]);
    wait_until("it builds", async || {
        statuses(&installation).iter().any(|one| one["generation"] == "messages_4_next")
    })
    .await;
    drop(rebuild);
    wait_until("its lease is over", async || {
        let all = statuses(&installation);
        all.iter().any(|one| one["generation"] == "messages_4_next" && one["state"] == "unattended")
    })
    .await;
    reader.rollback().await.unwrap();
    // The server is not affected.
    ann.say(&bob.get(&path).await.expect(200), "four").await;
    assert_eq!(last_message(&bob, &path).await, "four");
    server.kill();

    let built = installation.done(&["replay", "projection", "--all"]);
    assert!(built.starts_with("all read models: rebuilt up to position"), "{built}");
    installation.done(&["replay", "verify"]);
    let states: Vec<_> = statuses(&installation).iter().map(|one| one["state"].clone()).collect();
    assert!(states.len() == 7, "{states:?}");
    let server = installation.start();
    assert_eq!(last_message(&server.caller("bob"), &path).await, "four");
    wait_until("they have an owner", async || {
        statuses(&installation).iter().all(|one| one["state"] == "live" && one["lag"] == 0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_model_is_tried_again_and_says_what_to_do() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    let path = chat(&ann, &bob).await;
    let pool = installation.pool().await;
    let broken = "alter table memberships add constraint nothing_is_pinned check (pinned is null)";
    pool.execute(broken).await.unwrap();
    assert_eq!(ann.put(&format!("{path}/pin")).await.status, 503);
    let stopped = statuses(&installation);
    let stopped = stopped.iter().find(|one| one["model"] == "memberships").unwrap();
    assert_eq!(stopped["state"], "stopped");
    assert!(stopped["stopped"].as_str().unwrap().contains("nothing_is_pinned"), "{stopped}");
    assert!(stopped["lag"].as_i64().unwrap() >= 1 && stopped["lag_s"].as_f64().unwrap() > 0.0);

    let retry = ["projection", "retry", "memberships"];
    let (status, output, errors) = installation.run(&retry);
    assert_eq!(status, Some(1), "{output}{errors}");
    assert!(errors.contains("memberships stopped again: event at position"), "{errors}");
    assert!(server.log().contains("colloquy projection retry"), "the log says what to do");

    pool.execute("alter table memberships drop constraint nothing_is_pinned").await.unwrap();
    let gone_on = installation.done(&retry);
    assert!(gone_on.starts_with("memberships resumed after position"), "{gone_on}");
    let shown = async || {
        let answer = ann.get(&path).await;
        answer.status == 200 && answer.body["is_pinned"] == true
    };
    wait_until("it is shown", shown).await;
    assert!(installation.done(&retry).starts_with("memberships is not stopped"));
    let (status, _, errors) = installation.run(&["projection", "retry", "nothing"]);
    assert!(status == Some(2) && errors.contains("expected one of directory"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_if_makes_a_schema_as_of_a_position() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    chat(&ann, &bob).await;
    let pool = installation.pool().await;
    let head: i64 =
        sqlx::query_scalar("select position from log_head").fetch_one(&pool).await.unwrap();
    let until = (head - 1).to_string();
    let what_if = ["replay", "what-if", "messages", "--until", &until, "--schema", "before"];
    let printed = installation.done(&what_if);
    assert!(printed.contains("schema before"), "{printed}");
    let texts: Vec<String> = sqlx::query_scalar("select text from before.messages order by id")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(texts, ["one", "two"]);
    let (status, _, errors) = installation.run(&what_if);
    assert!(status == Some(1) && errors.contains("the schema before exists"), "{errors}");
    let beyond = (head + 9).to_string();
    let beyond = ["replay", "what-if", "messages", "--until", &beyond, "--schema", "later"];
    let (status, _, errors) = installation.run(&beyond);
    assert!(status == Some(1) && errors.contains("no event at position"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_read_how_the_read_models_are_and_nobody_else_does() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    chat(&ann, &bob).await;
    assert_eq!(ann.get("/projections").await.status, 403);
    let told = server.key().get("/projections").await.expect(200);
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), 7, "{told:?}");
    for one in told {
        assert_eq!((&one["state"], &one["version"]), (&json!("live"), &json!(4)), "{one}");
        assert!(one["owner"].is_string() && one["epoch"] == 1, "{one}");
    }
    let printed = installation.done(&["projection", "status"]);
    assert!(printed.contains("memberships_4") && printed.contains("live"), "{printed}");
    // A second rebuild beside a running one waits for its lease, or is refused after a while.
    let (one, other) = (installation.clone(), installation.clone());
    let all = |installation: Installation| {
        std::thread::spawn(move || installation.done(&["replay", "projection", "--all"]))
    };
    let (one, other) = (all(one), all(other));
    for rebuilt in [one, other] {
        assert!(rebuilt.join().unwrap().contains("rebuilt"));
    }
    assert_eq!(ann.get("/readyz").await.body, "ready\n");
}
