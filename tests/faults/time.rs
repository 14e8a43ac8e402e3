//! The database is reset to an earlier state under a running server, as by a restored backup or a
//! promoted replica: what the process remembers is no longer true, so it exits and says why.

use embedded::testing::unique;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};

use crate::harness::{Installation, wait_until};

/// The name of its database, and the address of another database on the same server.
fn name_and_neighbour(installation: &Installation) -> (String, String) {
    let (server, name) = installation.database_url.rsplit_once('/').unwrap();
    (name.to_owned(), format!("{server}/postgres"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_when_its_database_is_replaced_by_an_earlier_one_and_a_new_one_goes_on() {
    let installation = Installation::new().await;
    let server = installation.start();
    let ann = server.caller("ann");
    server.caller("bob").arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "saved").await;
    assert_eq!(server.interrupt(), Some(0));
    let (name, neighbour) = name_and_neighbour(&installation);
    let saved = unique("saved");
    let mut operator = PgConnection::connect(&neighbour).await.unwrap();
    operator.execute(format!("create database {saved} template {name}").as_str()).await.unwrap();

    let server = installation.start();
    let ann = server.caller("ann");
    ann.say(&chat, "lost").await;
    for statement in [
        format!("alter database {name} allow_connections false"),
        format!(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'"
        ),
        format!("alter database {name} rename to {name}_later"),
        format!("alter database {saved} rename to {name}"),
    ] {
        operator.execute(statement.as_str()).await.unwrap();
    }
    wait_until("it says why", async || server.log().contains("has gone back in time")).await;
    assert_eq!(server.ended(), Some(1));

    let server = installation.start();
    let ann = server.caller("ann");
    let path = format!("/api/apps/{}/messages", chat["id"]);
    ann.say(&chat, "after").await;
    let page = ann.get(&path).await.expect(200);
    let texts: Vec<_> = page["data"].as_array().unwrap().iter().map(|m| &m["text"]).collect();
    assert_eq!(texts, ["saved", "after"]);
}
