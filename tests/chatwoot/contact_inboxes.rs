use futures::future::join_all;
use serde_json::{Value, json};

use super::contacts::{contact, count};
use super::desk::{inbox, members, path, refusal};
use crate::harness::{Answer, Caller, Server};

async fn link(caller: &Caller, contact: &Value, body: Value) -> Answer {
    caller.post(&path(&format!("/contacts/{}/contact_inboxes", contact["id"])), body).await
}

#[tokio::test]
async fn a_contact_is_somebody_in_an_inbox() {
    let server = Server::fresh().await;
    let host = server.key();
    let (desk, ana) = (inbox(&host, "shop").await, contact(&host, json!({})).await);
    for id in [json!(desk["id"]), json!(desk["id"].to_string())] {
        let linked = link(&host, &ana, json!({"inbox_id": id, "source_id": "ana-1"})).await;
        assert_eq!(linked.expect(200), json!({"source_id": "ana-1", "inbox": desk}));
    }
    link(&host, &ana, json!({"inbox_id": desk["id"], "source_id": 2})).await.expect(200);
    let shown = host.get(&path(&format!("/contacts/{}", ana["id"]))).await.expect(200);
    let links = json!([
        {"source_id": "2", "inbox": desk},
        {"source_id": "ana-1", "inbox": desk},
    ]);
    assert_eq!(shown["payload"]["contact_inboxes"], links);
}

#[tokio::test]
async fn without_a_source_id_one_is_made() {
    let server = Server::fresh().await;
    let host = server.key();
    let (desk, ana) = (inbox(&host, "shop").await, contact(&host, json!({})).await);
    let mut made = Vec::new();
    for body in [
        json!({"inbox_id": desk["id"]}),
        json!({"inbox_id": desk["id"], "source_id": null}),
        json!({"inbox_id": desk["id"], "source_id": " "}),
    ] {
        let linked = link(&host, &ana, body).await.expect(200);
        let source_id = linked["source_id"].as_str().unwrap().to_owned();
        assert!(uuid::Uuid::try_parse(&source_id).is_ok(), "{source_id}");
        made.push(source_id);
    }
    made.dedup();
    assert_eq!(made.len(), 3);
}

#[tokio::test]
async fn a_source_id_of_an_inbox_is_one_contacts() {
    let server = Server::fresh().await;
    let host = server.key();
    let (desk, other) = (inbox(&host, "shop").await, inbox(&host, "other").await);
    let (ana, bea) = (contact(&host, json!({})).await, contact(&host, json!({})).await);
    let as_ana = json!({"inbox_id": desk["id"], "source_id": "ana"});
    link(&host, &ana, as_ana.clone()).await.expect(200);
    for refused in [
        link(&host, &bea, as_ana.clone()).await,
        host.post(&path("/contacts"), as_ana.clone()).await,
    ] {
        assert_eq!(refused.expect(422)["error"], "source_id should be unique");
    }
    assert_eq!(count(&host, "/contacts").await, 2);
    let elsewhere = json!({"inbox_id": other["id"], "source_id": "ana"});
    link(&host, &bea, elsewhere).await.expect(200);

    let there = server.caller_with("host", 2, "service");
    let base = "/api/v1/accounts/2";
    let body = json!({"name": "shop", "channel": {"type": "api"}});
    let theirs = there.post(&format!("{base}/inboxes"), body).await.expect(200);
    let body = json!({"inbox_id": theirs["id"], "source_id": "ana"});
    there.post(&format!("{base}/contacts"), body).await.expect(200);
}

#[tokio::test]
async fn of_thirty_two_contacts_at_once_one_has_the_source_id() {
    let server = Server::fresh().await;
    let host = server.key();
    let desk = inbox(&host, "shop").await;
    let body = json!({"inbox_id": desk["id"], "source_id": "ana"});
    let contacts = path("/contacts");
    let made = join_all((0..32).map(|_| host.post(&contacts, body.clone()))).await;
    let statuses: Vec<u16> = made.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(count(&host, "/contacts").await, 1);
}

#[tokio::test]
async fn a_new_contact_is_in_an_inbox_from_the_start() {
    let server = Server::fresh().await;
    let host = server.key();
    let desk = inbox(&host, "shop").await;
    let body = json!({"name": "Ana", "inbox_id": desk["id"].to_string(), "source_id": "ana"});
    let made = host.post(&path("/contacts"), body).await.expect(200)["payload"].clone();
    let linked = json!({"source_id": "ana", "inbox": desk});
    assert_eq!(made["contact_inbox"], linked);
    assert_eq!(made["contact"]["contact_inboxes"], json!([linked]));

    let body = json!({"name": "Bea", "inbox_id": desk["id"]});
    let made = host.post(&path("/contacts"), body).await.expect(200)["payload"].clone();
    let source_id = made["contact_inbox"]["source_id"].as_str().unwrap();
    assert!(uuid::Uuid::try_parse(source_id).is_ok(), "{source_id}");
}

#[tokio::test]
async fn only_inboxes_that_there_are_and_the_caller_sees_are_taken() {
    let server = Server::fresh().await;
    let (host, ann) = (server.key(), server.caller_with("ann", 1, "agent"));
    ann.get(&path("/agents")).await.expect(200);
    let (hers, other) = (inbox(&host, "hers").await, inbox(&host, "other").await);
    members(&host, &hers, &["ann"]).await;
    let ana = contact(&host, json!({})).await;
    for inbox_id in [json!(999), json!("999"), json!("x"), json!(0), json!(1.5)] {
        let body = json!({ "inbox_id": inbox_id });
        assert_eq!(link(&host, &ana, body.clone()).await.status, 404, "{inbox_id}");
        assert_eq!(host.post(&path("/contacts"), body).await.status, 404, "{inbox_id}");
    }
    for body in [json!({}), json!({"inbox_id": null}), json!({"inbox_id": ""})] {
        let (status, message, _) = refusal(&link(&host, &ana, body).await);
        let missing = "param is missing or the value is empty: inbox_id";
        assert_eq!((status, message.as_str()), (422, missing));
    }
    let body = json!({"inbox_id": other["id"], "source_id": "a"});
    link(&ann, &ana, body.clone()).await.expect(403);
    ann.post(&path("/contacts"), body.clone()).await.expect(403);
    assert_eq!(count(&host, "/contacts").await, 1);

    link(&host, &ana, body).await.expect(200);
    let body = json!({"inbox_id": hers["id"], "source_id": "b"});
    link(&ann, &ana, body).await.expect(200);
    let one = path(&format!("/contacts/{}", ana["id"]));
    let links = async |caller: &Caller| {
        let shown = caller.get(&one).await.expect(200);
        shown["payload"]["contact_inboxes"].as_array().unwrap().len()
    };
    assert_eq!((links(&host).await, links(&ann).await), (2, 1));
}
