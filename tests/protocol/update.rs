use reqwest::Method;
use serde_json::{Value, json};

use super::{chat, get, id, pair, path, say, uuid};
use crate::harness::{Installation, Server, send};

#[tokio::test]
async fn each_field_is_changed_alone_and_cleared_again() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let message = say(&ann, &made, "hello").await;
    let before = get(&ann, &made).await;
    for (name, value, cleared) in [
        ("is_pinned", json!(true), json!(false)),
        ("is_muted", json!(true), json!(false)),
        ("archived_at", json!(1_700_000_000), Value::Null),
        ("archived_at", json!(0), json!("")),
        ("pinned_message_id", message["id"].clone(), Value::Null),
        ("pinned_message_id", message["id"].clone(), json!("")),
    ] {
        let mut wanted = before.clone();
        wanted[name] = value.clone();
        let changed = ann.put_json(&path(&made), json!({ name: value })).await.expect(200);
        assert_eq!(changed, wanted, "{name}");
        assert_eq!(ann.put_json(&path(&made), json!({ name: cleared })).await.expect(200), before);
    }
    let both = json!({"is_pinned": true, "pinned_message_id": message["id"]});
    let changed = ann.put_json(&path(&made), both).await.expect(200);
    assert_eq!(
        (&changed["is_pinned"], &changed["pinned_message_id"]),
        (&json!(true), &message["id"])
    );
}

#[tokio::test]
async fn one_value_that_cannot_be_used_spoils_the_whole_request() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let group = bob.post("/v1/groups", json!({"name": "G"})).await.expect(201);
    let elsewhere = say(&bob, &group, "elsewhere").await;
    let message = say(&ann, &made, "hello").await;
    let before = get(&ann, &made).await;
    let now = chrono::Utc::now();
    for (name, value) in [
        ("is_pinned", Value::Null),
        ("is_pinned", json!("maybe")),
        ("is_muted", json!("")),
        ("archived_at", json!(now.timestamp_millis())),
        ("archived_at", json!(now.timestamp() + 360)),
        ("archived_at", json!(-1)),
        ("archived_at", json!("soon")),
        ("pinned_message_id", elsewhere["id"].clone()),
        ("pinned_message_id", json!("nothing")),
    ] {
        let body = json!({
            "is_pinned": true, "is_muted": true, "archived_at": 1_700_000_000,
            "pinned_message_id": message["id"], name: value
        });
        let error = ann.put_json(&path(&made), body).await.expect(400);
        assert!(error["message"].as_str().unwrap().contains(name), "{error}");
        assert_eq!(get(&ann, &made).await, before, "{name}: {value}");
    }
    let soon = json!({"archived_at": now.timestamp() + 240});
    ann.put_json(&path(&made), soon).await.expect(200);
}

#[tokio::test]
async fn an_object_that_was_read_can_be_sent_back_and_appends_nothing() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let message = say(&ann, &made, "hello").await;
    let body = json!({"is_pinned": true, "is_muted": true, "archived_at": 1_700_000_000,
                      "pinned_message_id": message["id"]});
    let changed = ann.put_json(&path(&made), body).await.expect(200);
    let pool = installation.pool().await;
    let head = async || -> i64 {
        sqlx::query_scalar("select position from log_head").fetch_one(&pool).await.unwrap()
    };
    let before = head().await;
    assert_eq!(ann.put_json(&path(&made), changed.clone()).await.expect(200), changed);
    let unknown = json!({"colour": "red", "created_at": 1, "id": "x"});
    assert_eq!(ann.put_json(&path(&made), unknown).await.expect(200), changed);
    assert_eq!(head().await, before);
    let names: Vec<String> = sqlx::query_scalar(
        "select metadata->>'command' from events where aggregate_type = 'participation' \
         order by position",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(names, ["PinConversation", "MuteConversation", "ArchiveConversation"]);
    assert_eq!(uuid(id(&made)).get_version_num(), 5);
}

#[tokio::test]
async fn what_is_ones_own_and_what_is_everyones_is_changed_in_one_commit() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let message = say(&ann, &made, "hello").await;
    let both = json!({"is_pinned": true, "pinned_message_id": message["id"]});
    for _ in 0..2 {
        let request = ann.request(Method::PUT, &path(&made)).header("Idempotency-Key", "k");
        send(request.json(&both)).await.expect(200);
    }
    let written: Vec<(String, bool)> = sqlx::query_as(
        "select event_type, xmin = max(xmin::text) over ()::xid
         from events
         where event_type in ('ConversationPinned', 'MessagePinned')
         order by position",
    )
    .fetch_all(&installation.pool().await)
    .await
    .unwrap();
    let expected = ["ConversationPinned", "MessagePinned"].map(|name| (name.to_owned(), true));
    assert_eq!(written, expected);
}

#[tokio::test]
async fn pin_mute_and_archive_are_ones_own_and_the_pinned_message_is_everyones() {
    let server = Server::fresh().await;
    let (ann, bob) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let message = say(&ann, &made, "hello").await;
    let before = get(&bob, &made).await;
    let own = json!({"is_pinned": true, "is_muted": true, "archived_at": 1_700_000_000});
    ann.put_json(&path(&made), own).await.expect(200);
    assert_eq!(get(&bob, &made).await, before);
    let pinned = json!({"pinned_message_id": message["id"]});
    bob.put_json(&path(&made), pinned).await.expect(200);
    assert_eq!(get(&ann, &made).await["pinned_message_id"], message["id"]);
    ann.delete(&format!("/v1/messages/{}", id(&message))).await.expect(204);
    for caller in [&ann, &bob] {
        assert_eq!(get(caller, &made).await["pinned_message_id"], Value::Null);
        assert_eq!(get(caller, &made).await["last_active_at"], Value::Null);
    }
}

#[tokio::test]
async fn strangers_and_ids_that_nobody_has_are_404() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let cat = server.caller("cat");
    let elsewhere = server.caller_with("ann", 2, "member");
    for caller in [&cat, &elsewhere] {
        caller.get(&path(&made)).await.expect(404);
        caller.put_json(&path(&made), json!({"is_muted": true})).await.expect(404);
        caller.post(&format!("{}/read", path(&made)), json!({})).await.expect(404);
    }
    let mut other_case = id(&made).to_owned();
    let letter = other_case.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    let flipped = other_case[letter..=letter].chars().next().unwrap();
    let flipped = match flipped.is_ascii_lowercase() {
        true => flipped.to_ascii_uppercase(),
        false => flipped.to_ascii_lowercase(),
    };
    other_case.replace_range(letter..=letter, &flipped.to_string());
    for id in [other_case.as_str(), "1", "abc", &uuid(id(&made)).to_string()] {
        ann.get(&format!("/v1/conversations/{id}")).await.expect(404);
    }
    ann.get(&format!("{}/", path(&made))).await.expect(200);
}

#[tokio::test]
async fn a_key_stands_for_one_request_whether_it_changed_anything_or_not() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let message = say(&ann, &made, "hello").await;
    let put = async |key: &str, path: &str, body: Value| {
        let request = ann.request(Method::PUT, path).header("Idempotency-Key", key);
        send(request.json(&body)).await
    };
    let url = path(&made);
    put("a", &url, json!({"is_muted": true})).await.expect(200);
    let other = json!({"is_muted": false, "pinned_message_id": message["id"]});
    put("a", &url, other).await.expect(422);
    assert_eq!(get(&ann, &made).await["pinned_message_id"], Value::Null, "nothing of it was done");

    put("b", &url, json!({"is_muted": true})).await.expect(200);
    put("c", &url, json!({"is_muted": false})).await.expect(200);
    let repeated = put("b", &url, json!({"is_muted": true})).await.expect(200);
    assert_eq!(repeated["is_muted"], false, "it did nothing then, and does nothing now");
    put("d", &url, json!({})).await.expect(200);
    put("d", &url, json!({"is_pinned": true})).await.expect(422);

    let pin = json!({"pinned_message_id": message["id"]});
    put("e", &url, pin.clone()).await.expect(200);
    let of_message = format!("/v1/messages/{}", id(&message));
    put("f", &of_message, json!({"message": "hello"})).await.expect(200);
    put("f", &of_message, json!({"message": "changed"})).await.expect(422);
    put("g", &of_message, json!({"message": "changed"})).await.expect(200);
    let repeated = put("f", &of_message, json!({"message": "hello"})).await.expect(200);
    assert_eq!(repeated["message"], "changed");
    ann.delete(&of_message).await.expect(204);
    let repeated = put("e", &url, pin).await.expect(200);
    assert_eq!(repeated["pinned_message_id"], Value::Null);
}
