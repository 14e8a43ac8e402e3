use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{path, refusal};
use crate::harness::{Answer, Caller, Server, send};

/// Creates a contact; returns it as answered.
pub async fn contact(caller: &Caller, body: Value) -> Value {
    let made = caller.post(&path("/contacts"), body).await.expect(200);
    made["payload"]["contact"].clone()
}

pub async fn change(caller: &Caller, contact: &Value, body: Value) -> Answer {
    caller.put_json(&path(&format!("/contacts/{}", contact["id"])), body).await
}

async fn get(caller: &Caller, contact: &Value) -> Value {
    let found = caller.get(&path(&format!("/contacts/{}", contact["id"]))).await;
    found.expect(200)["payload"].clone()
}

#[tokio::test]
async fn a_contact_is_made_with_all_that_is_known() {
    let server = Server::fresh().await;
    let host = server.key();
    let body = json!({
        "name": "Ana", "email": "Ana@Example.com", "phone_number": "+4930123456",
        "identifier": "crm-7", "additional_attributes": {"city": "Berlin"},
        "custom_attributes": {"plan": "gold"}, "unknown": true,
    });
    let made = host.post(&path("/contacts"), body).await.expect(200);
    let contact = &made["payload"]["contact"];
    assert_eq!(made["payload"]["contact_inbox"], json!({"source_id": null, "inbox": null}));
    assert_eq!(
        *contact,
        json!({
            "id": contact["id"], "name": "Ana", "email": "ana@example.com",
            "phone_number": "+4930123456", "identifier": "crm-7", "blocked": false,
            "thumbnail": "", "availability_status": "offline",
            "additional_attributes": {"city": "Berlin"}, "custom_attributes": {"plan": "gold"},
            "created_at": contact["created_at"], "contact_inboxes": [],
        })
    );
    assert!(contact["id"].is_i64() && contact["created_at"].is_i64());
    assert_eq!(get(&host, contact).await, *contact);
}

#[tokio::test]
async fn nothing_has_to_be_known_of_a_contact() {
    let server = Server::fresh().await;
    let host = server.key();
    for body in [
        json!({}),
        json!({"name": null, "email": null, "phone_number": null, "identifier": null,
               "custom_attributes": null, "inbox_id": null, "source_id": null}),
        json!({"name": "", "email": " ", "phone_number": "", "identifier": " ",
               "additional_attributes": "", "inbox_id": ""}),
    ] {
        let made = contact(&host, body).await;
        assert_eq!(made["name"], "");
        assert_eq!(made["email"], Value::Null);
        assert_eq!(made["phone_number"], Value::Null);
        assert_eq!(made["identifier"], Value::Null);
        assert_eq!(made["additional_attributes"], json!({}));
        assert_eq!(made["custom_attributes"], json!({}));
        assert!(made.get("last_activity_at").is_none());
    }
    assert_eq!(count(&host, "/contacts").await, 3);
}

#[tokio::test]
async fn what_is_given_changes_and_what_is_blank_is_cleared() {
    let server = Server::fresh().await;
    let host = server.key();
    let ana = contact(
        &host,
        json!({"name": "Ana", "email": "ana@example.com", "identifier": "7",
               "custom_attributes": {"plan": "gold", "since": 2020}}),
    )
    .await;
    let changed = change(
        &host,
        &ana,
        json!({"name": "Ana B", "email": null, "identifier": "",
               "custom_attributes": {"plan": "silver"}}),
    )
    .await;
    let changed = changed.expect(200)["payload"].clone();
    assert_eq!(changed["name"], "Ana B");
    assert_eq!(changed["email"], "ana@example.com");
    assert_eq!(changed["identifier"], Value::Null);
    assert_eq!(changed["custom_attributes"], json!({"plan": "silver", "since": 2020}));
    assert_eq!(get(&host, &ana).await, changed);

    let patch = host.request(Method::PATCH, &path(&format!("/contacts/{}", ana["id"])));
    let patched = send(patch.json(&json!({"identifier": 8}))).await.expect(200);
    assert_eq!(patched["payload"]["identifier"], "8");
    assert_eq!(patched["payload"]["name"], "Ana B");
}

#[tokio::test]
async fn an_email_a_phone_number_and_an_identifier_are_one_contacts() {
    let server = Server::fresh().await;
    let host = server.key();
    let taken =
        json!({"email": "ana@example.com", "phone_number": "+4930123456", "identifier": "7"});
    let ana = contact(&host, taken.clone()).await;
    let bea = contact(&host, json!({"name": "Bea"})).await;
    for (field, value) in
        [("email", "ANA@example.COM"), ("phone_number", "+4930123456"), ("identifier", "7")]
    {
        for answer in [
            host.post(&path("/contacts"), json!({ field: value })).await,
            change(&host, &bea, json!({"name": "Eve", field: value})).await,
        ] {
            let message = format!("{field} has already been taken");
            assert_eq!(refusal(&answer), (422, message, json!([field])), "{field}");
        }
        assert_eq!(change(&host, &ana, json!({ field: value })).await.status, 200, "{field}");
    }
    assert_eq!(get(&host, &bea).await["name"], "Bea");
    assert_eq!(count(&host, "/contacts").await, 2);

    let elsewhere = server.caller_with("host", 2, "service");
    let body = json!({ "email": "ana@example.com", "phone_number": "+4930123456" });
    let made = elsewhere.post("/api/v1/accounts/2/contacts", body).await;
    assert_eq!(made.status, 200);
}

#[tokio::test]
async fn a_refused_contact_claims_nothing() {
    let server = Server::fresh().await;
    let host = server.key();
    let ana = contact(&host, json!({"email": "ana@example.com"})).await;
    let bea = contact(&host, json!({"email": "bea@example.com"})).await;
    let refused = json!({"email": "ana@example.com", "identifier": "7"});
    assert_eq!(host.post(&path("/contacts"), refused.clone()).await.status, 422);
    assert_eq!(change(&host, &bea, refused).await.status, 422);
    change(&host, &ana, json!({"identifier": "7"})).await.expect(200);
    assert_eq!(get(&host, &bea).await["email"], "bea@example.com");
}

#[tokio::test]
async fn what_a_contact_gives_up_is_free_at_once() {
    let server = Server::fresh().await;
    let host = server.key();
    let ana = contact(&host, json!({"email": "ana@example.com", "identifier": "7"})).await;
    change(&host, &ana, json!({"email": "a@example.com", "identifier": ""})).await.expect(200);
    let bea = contact(&host, json!({"email": "ana@example.com", "identifier": "7"})).await;
    assert_ne!(bea["id"], ana["id"]);
    let back = change(&host, &ana, json!({"email": "ana@example.com"})).await;
    assert_eq!(back.status, 422);
}

#[tokio::test]
async fn thirty_two_at_once_make_one_contact() {
    let server = Server::fresh().await;
    let host = server.key();
    let body = json!({"email": "ana@example.com", "phone_number": "+4930123456"});
    let contacts = path("/contacts");
    let made = (0..32).map(|_| host.post(&contacts, body.clone()));
    let statuses: Vec<u16> =
        join_all(made).await.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 31, "{statuses:?}");
    assert_eq!(count(&host, "/contacts").await, 1);
}

#[tokio::test]
async fn changes_at_once_keep_the_last_value_and_no_other() {
    let server = Server::fresh().await;
    let host = server.key();
    let ana = contact(&host, json!({"email": "ana@example.com"})).await;
    let emails: Vec<String> = (0..8).map(|n| format!("{n}@example.com")).collect();
    let changes = emails.iter().map(|email| change(&host, &ana, json!({ "email": email })));
    for answer in join_all(changes).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let kept = get(&host, &ana).await["email"].as_str().unwrap().to_owned();
    assert!(emails.contains(&kept), "{kept}");
    for email in emails.iter().map(String::as_str).chain(["ana@example.com"]) {
        let made = host.post(&path("/contacts"), json!({ "email": email })).await;
        assert_eq!(made.status, if email == kept { 422 } else { 200 }, "{email}");
    }
}

#[tokio::test]
async fn values_that_cannot_be_used_are_refused() {
    let server = Server::fresh().await;
    let host = server.key();
    let ana = contact(&host, json!({})).await;
    for (field, value) in [
        ("name", json!("x".repeat(257))),
        ("name", json!({})),
        ("email", json!("ana")),
        ("email", json!("a b@example.com")),
        ("email", json!(format!("{}@example.com", "x".repeat(320)))),
        ("phone_number", json!("030 123456")),
        ("phone_number", json!("+0123")),
        ("identifier", json!("x".repeat(257))),
        ("custom_attributes", json!({"note": "x".repeat(1_501)})),
        ("additional_attributes", json!({"number": 10_000_000_000_i64})),
    ] {
        let made = host.post(&path("/contacts"), json!({ field: value })).await;
        assert_eq!(refusal(&made).0, 422, "{field}: {value}");
        assert_eq!(change(&host, &ana, json!({ field: value })).await.status, 422, "{field}");
    }
    let broken = host.request(Method::POST, &path("/contacts"));
    let broken = send(broken.header("Content-Type", "application/json").body("{")).await;
    assert_eq!(broken.expect(400)["errors"][0]["field"], "body");
    assert_eq!(count(&host, "/contacts").await, 1);
}

#[tokio::test]
async fn a_repeated_request_makes_no_second_contact() {
    let server = Server::fresh().await;
    let host = server.key();
    let body = json!({"email": "ana@example.com"});
    let make = || {
        let request = host.request(Method::POST, &path("/contacts"));
        send(request.header("Idempotency-Key", "one").json(&body))
    };
    let (first, second) = (make().await.expect(200), make().await.expect(200));
    assert_eq!(first, second);
    assert_eq!(count(&host, "/contacts").await, 1);
}

/// `meta.count` of a list.
pub async fn count(caller: &Caller, list: &str) -> i64 {
    caller.get(&path(list)).await.expect(200)["meta"]["count"].as_i64().unwrap()
}
