use serde_json::{Value, json};

use super::contacts::{change, contact, count};
use super::desk::{conversation, inbox, members, path, refusal};
use crate::harness::{Answer, Caller, Server};

/// The names on a page, which has to be answered with 200.
fn names(answer: Answer) -> Vec<String> {
    let body = answer.expect(200);
    let payload = body["payload"].as_array().unwrap();
    payload.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

async fn list(caller: &Caller, query: &str) -> Vec<String> {
    names(caller.get(&path(&format!("/contacts{query}"))).await)
}

#[tokio::test]
async fn a_page_has_fifteen_contacts_the_newest_first() {
    let server = Server::fresh().await;
    let host = server.key();
    for n in 1..=16 {
        contact(&host, json!({"name": format!("c{n}")})).await;
    }
    let newest: Vec<String> = (2..=16).rev().map(|n| format!("c{n}")).collect();
    for query in ["", "?page=1", "?page="] {
        assert_eq!(list(&host, query).await, newest, "{query}");
    }
    assert_eq!(list(&host, "?page=2").await, ["c1"]);
    let past = host.get(&path("/contacts?page=3")).await.expect(200);
    assert_eq!(past, json!({"meta": {"count": 16, "current_page": 3}, "payload": []}));
    for page in ["0", "-1", "x", "1.5"] {
        for list in ["/contacts?", "/contacts/search?q=c&"] {
            let refused = host.get(&path(&format!("{list}page={page}"))).await.expect(400);
            assert_eq!(refused["errors"][0]["field"], "page", "{page}");
        }
    }
}

#[tokio::test]
async fn contacts_are_found_by_each_of_their_names() {
    let server = Server::fresh().await;
    let host = server.key();
    for body in [
        json!({"name": "Ana Schäfer", "email": "ana@example.com"}),
        json!({"name": "Bea", "email": "bea@100%.example"}),
        json!({"name": "Cleo", "phone_number": "+4930123456"}),
        json!({"name": "Dan", "identifier": "crm_7"}),
        json!({"name": "Eve", "identifier": "crm-7"}),
    ] {
        contact(&host, body).await;
    }
    for (q, found) in [
        ("SCHÄFER", &["Ana Schäfer"][..]),
        ("Ana@", &["Ana Schäfer"]),
        ("0123", &["Cleo"]),
        ("%2B4930", &["Cleo"]),
        ("crm", &["Eve", "Dan"]),
        ("m_7", &["Dan"]),
        ("0%25", &["Bea"]),
        ("%25", &["Bea"]),
        ("nobody", &[]),
    ] {
        assert_eq!(list(&host, &format!("/search?q={q}")).await, found, "{q}");
        assert_eq!(count(&host, &format!("/contacts/search?q={q}")).await, found.len() as i64);
    }
}

#[tokio::test]
async fn a_search_has_pages_and_needs_a_text() {
    let server = Server::fresh().await;
    let host = server.key();
    for n in 1..=17 {
        contact(&host, json!({"name": format!("Ana {n}")})).await;
    }
    contact(&host, json!({"name": "Bea"})).await;
    assert_eq!(list(&host, "/search?q=ana").await.len(), 15);
    assert_eq!(list(&host, "/search?q=ana&page=2").await, ["Ana 2", "Ana 1"]);
    assert_eq!(count(&host, "/contacts/search?q=ana&page=2").await, 17);
    for query in ["", "?q=", "?q=+", "?page=1"] {
        let refused = host.get(&path(&format!("/contacts/search{query}"))).await;
        assert_eq!(refusal(&refused).0, 422, "{query}");
    }
}

#[tokio::test]
async fn agents_may_have_contacts_and_nobody_who_is_none() {
    let server = Server::fresh().await;
    let ana = contact(&server.caller_with("ann", 1, "agent"), json!({"name": "Ana"})).await;
    let one = format!("/contacts/{}", ana["id"]);
    for role in ["member", "bot"] {
        let other = server.caller_with("bob", 1, role);
        for answer in [
            other.get(&path("/contacts")).await,
            other.get(&path("/contacts/search?q=a")).await,
            other.get(&path(&one)).await,
            other.get(&path(&format!("{one}/conversations"))).await,
            other.post(&path("/contacts"), json!({})).await,
            change(&other, &ana, json!({"name": "Eve"})).await,
            other.post(&path(&format!("{one}/contact_inboxes")), json!({"inbox_id": 1})).await,
        ] {
            assert_eq!(answer.expect(403)["error"], "Access denied");
        }
    }
    let elsewhere = server.caller_with("eve", 2, "administrator");
    assert_eq!(elsewhere.get(&path(&one)).await.status, 403);
}

#[tokio::test]
async fn two_accounts_have_contacts_of_their_own() {
    let server = Server::fresh().await;
    let (here, there) = (server.key(), server.caller_with("host", 2, "service"));
    let ana = contact(&here, json!({"name": "Ana", "identifier": "7"})).await;
    let of_there = |rest: &str| format!("/api/v1/accounts/2{rest}");
    let made = there.post(&of_there("/contacts"), json!({"name": "Ana", "identifier": "7"})).await;
    let other = made.expect(200)["payload"]["contact"]["id"].clone();
    for (caller, list) in [
        (&here, path("/contacts/search?q=ana")),
        (&there, of_there("/contacts/search?q=ana")),
        (&here, path("/contacts")),
        (&there, of_there("/contacts")),
    ] {
        assert_eq!(caller.get(&list).await.expect(200)["meta"]["count"], 1, "{list}");
    }
    // Public numbers are positions within an account, so the same number may be in both.
    let next = contact(&here, json!({})).await;
    assert_ne!(next["id"], other);
    let hidden = there.get(&of_there(&format!("/contacts/{}", next["id"]))).await;
    assert_eq!(hidden.expect(404), json!({"error": "Resource could not be found"}));
    assert_eq!(here.get(&path(&format!("/contacts/{}", ana["id"]))).await.status, 200);
}

#[tokio::test]
async fn no_contact_is_found_by_what_is_no_id_of_one() {
    let server = Server::fresh().await;
    let host = server.key();
    for id in ["999", "0", "-1", "x", "1.5", "99999999999999999999"] {
        let one = path(&format!("/contacts/{id}"));
        for answer in [
            host.get(&one).await,
            host.put_json(&one, json!({"name": "Eve"})).await,
            host.get(&format!("{one}/conversations")).await,
            host.post(&format!("{one}/contact_inboxes"), json!({"inbox_id": 1})).await,
        ] {
            assert_eq!(answer.expect(404), json!({"error": "Resource could not be found"}));
        }
    }
}

#[tokio::test]
async fn a_contacts_conversations_are_those_that_the_caller_sees() {
    let server = Server::fresh().await;
    let (host, ann) = (server.key(), server.caller_with("ann", 1, "agent"));
    ann.get(&path("/agents")).await.expect(200);
    let (hers, other) = (inbox(&host, "hers").await, inbox(&host, "other").await);
    members(&host, &hers, &["ann"]).await;
    let ana = contact(&host, json!({"name": "Ana"})).await;
    let bea = contact(&host, json!({"name": "Bea"})).await;
    let mut made = Vec::new();
    for (inbox, contact) in [(&hers, &ana), (&other, &ana), (&hers, &ana), (&hers, &bea)] {
        made.push(conversation(&host, inbox, contact).await["id"].clone());
    }
    let list = path(&format!("/contacts/{}/conversations", ana["id"]));
    let ids = |body: Value| -> Vec<Value> {
        let payload = body["payload"].as_array().unwrap();
        payload.iter().map(|one| one["id"].clone()).collect()
    };
    let seen = |places: &[usize]| places.iter().map(|n| made[*n].clone()).collect::<Vec<_>>();
    assert_eq!(ids(host.get(&list).await.expect(200)), seen(&[2, 1, 0]));
    assert_eq!(ids(ann.get(&list).await.expect(200)), seen(&[2, 0]));

    let message = path(&format!("/conversations/{}/messages", made[0]));
    host.post(&message, json!({"content": "hello"})).await.expect(200);
    assert_eq!(ids(host.get(&list).await.expect(200)), seen(&[0, 2, 1]));
    for _ in 0..19 {
        conversation(&host, &hers, &ana).await;
    }
    assert_eq!(ids(host.get(&list).await.expect(200)).len(), 20);
}

#[tokio::test]
async fn a_contacts_new_name_shows_in_conversations_at_once() {
    let server = Server::fresh().await;
    let host = server.key();
    let (inbox, ana) = (inbox(&host, "shop").await, contact(&host, json!({"name": "Ana"})).await);
    let made = conversation(&host, &inbox, &ana).await;
    assert_eq!(made["meta"]["sender"]["name"], "Ana");
    for name in ["Ana B", "Ana C"] {
        change(&host, &ana, json!({ "name": name })).await.expect(200);
        let one = host.get(&path(&format!("/conversations/{}", made["id"]))).await.expect(200);
        assert_eq!(one["meta"]["sender"]["name"], name);
        let list = host.get(&path("/conversations")).await.expect(200);
        assert_eq!(list["data"]["payload"][0]["meta"]["sender"]["name"], name);
    }
}
