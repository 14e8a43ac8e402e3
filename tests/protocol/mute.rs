use chrono::{TimeDelta, Utc};
use domain::AccountId;
use domain::participation::ChangeCommand;
use reqwest::Method;
use serde_json::json;

use super::{chat, get, id, pair, path, say, uuid};
use crate::harness::{Installation, send, wait_until};

#[tokio::test]
async fn a_mute_with_an_end_runs_out_without_any_request() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    say(&bob, &made, "hello").await;
    let (conversation, user) = (uuid(id(&made)).into(), domain::user_id(AccountId::FIRST, "ann"));
    let mute = async |until| {
        let change = ChangeCommand::MuteConversation { until: Some(until) };
        let position = installation.change(conversation, user, change).await;
        let seen = async |path: &str| {
            let request = ann.request(Method::GET, path).header("Colloquy-Position", position);
            send(request).await.expect(200)
        };
        let badge = seen("/api/conversations/badge").await["private"].clone();
        (seen(&path(&made)).await["is_muted"].clone(), badge)
    };
    let until = Utc::now() + TimeDelta::seconds(4);
    assert_eq!(mute(until).await, (json!(true), json!(0)));
    // Muting what is muted keeps the end.
    let again = ann.put_json(&path(&made), json!({"is_muted": true})).await.expect(200);
    assert_eq!(again["is_muted"], true);
    let pool = installation.pool().await;
    let ended = async || {
        let ended: i64 = sqlx::query_scalar(
            "select count(*) from events
             where event_type = 'ConversationUnmuted' and metadata->>'surface' = 'reaction'",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        ended == 1
    };
    wait_until("the mute has ended", ended).await;
    assert!(Utc::now() >= until);
    wait_until("it shows", async || get(&ann, &made).await["is_muted"] == false).await;
    let counted = async || ann.get("/api/conversations/badge").await.expect(200)["private"] == 1;
    wait_until("it counts again", counted).await;

    // The second mute ends while no node runs.
    let until = Utc::now() + TimeDelta::seconds(1);
    assert_eq!(mute(until).await.0, true);
    server.kill();
    wait_until("its time has come", async || Utc::now() > until).await;
    let server = installation.start();
    let ann = server.caller("ann");
    wait_until("it shows", async || get(&ann, &made).await["is_muted"] == false).await;
}
