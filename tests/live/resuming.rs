use domain::conversation::Command;
use domain::{AccountId, ConversationId};
use reqwest::Method;
use serde_json::json;

use super::Told;
use crate::harness::{Caller, Installation, Server, send};

/// The events after this one, up to the newest conversation.
async fn told_behind(caller: &Caller, last_event: i64, newest: &serde_json::Value) -> Vec<Told> {
    let mut listening = caller.listen_from(Some(last_event)).await;
    let mut all: Vec<Told> = Vec::new();
    while all.last().is_none_or(|told| told.id != newest["id"].as_i64()) {
        all.push(listening.next().await.unwrap());
    }
    all
}

#[tokio::test]
async fn a_reader_goes_on_behind_any_event_without_gap_or_repetition() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    for caller in [&ann, &bob, &server.caller("cyd")] {
        caller.arrive().await;
    }
    let mut listening = ann.listen().await;
    let chat = ann.create(json!(["bob"])).await;
    let foreign = bob.create(json!(["cyd"])).await;
    for n in 0..30 {
        bob.say(&chat, &format!("message {n}")).await;
        bob.say(&foreign, "none of Ann's").await;
        if n % 7 == 0 {
            bob.put(&format!("/api/conversations/{}/pin", chat["id"])).await.expect(200);
            bob.delete(&format!("/api/conversations/{}/pin", chat["id"])).await.expect(200);
        }
    }
    let newest = ann.create(json!(["bob", "cyd"])).await;
    let mut live = Vec::new();
    while live.last().is_none_or(|told: &Told| told.id != newest["id"].as_i64()) {
        live.push(listening.next().await.unwrap());
    }
    assert_eq!(live.len(), 32);
    let ids: Vec<i64> = live.iter().map(|told| told.id.unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for after in [0, 7, 15, 31] {
        assert_eq!(told_behind(&ann, ids[after] - 1, &newest).await, live[after..]);
    }
    // From the beginning, it includes her own registration.
    let from_start = told_behind(&ann, 0, &newest).await;
    assert_eq!(from_start[0].data["type"], "UserRegistered");
    assert_eq!(from_start[from_start.len() - 32..], live);
}

#[tokio::test]
async fn what_happened_while_nobody_read_is_told_and_what_was_erased_is_not() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    for caller in [&ann, &bob, &server.caller("cyd")] {
        caller.arrive().await;
    }
    let mut listening = bob.listen().await;
    let [kept, left, gone, chat] = [
        ann.room(&["bob", "cyd"]).await,
        ann.room(&["bob", "cyd"]).await,
        ann.room(&["bob", "cyd"]).await,
        ann.create(json!(["cyd"])).await,
    ];
    let mut uuids: Vec<ConversationId> = Vec::new();
    for _ in 0..3 {
        let told = listening.up_to("ConversationCreated").await;
        uuids.push(told[0].data["conversation"].as_str().unwrap().parse().unwrap());
    }
    let last_event = listening.last_event.unwrap();
    drop(listening);

    let erased = ann.say(&kept, "to be erased").await;
    ann.delete(&format!("/api/messages/{erased}")).await.expect(204);
    ann.say(&left, "before he was taken out").await;
    let user = domain::user_id(AccountId::FIRST, "bob");
    installation.tell(uuids[1], Command::RemoveMember { user }).await;
    ann.say(&left, "after that").await;
    ann.delete(&format!("/api/apps/{}", gone["id"])).await.expect(204);
    ann.delete(&format!("/api/apps/{}", left["id"])).await.expect(204);
    ann.delete(&format!("/api/apps/{}", chat["id"])).await.expect(204);
    let newest = ann.create(json!(["bob"])).await;

    let told = told_behind(&bob, last_event, &newest).await;
    let types: Vec<_> = told
        .iter()
        .map(|told| (told.data["type"].as_str().unwrap(), told.data["conversation_number"].clone()))
        .collect();
    let number = |conversation: &serde_json::Value| conversation["id"].clone();
    assert_eq!(
        types,
        [
            ("MessagePosted", number(&kept)),
            ("MessageDeleted", number(&kept)),
            ("MemberRemoved", number(&left)),
            ("ConversationDeleted", number(&gone)),
            ("ConversationCreated", number(&newest)),
        ]
    );
    assert_eq!(told[0].data["payload"]["text"], "[erased]");
}

#[tokio::test]
async fn what_is_no_event_of_the_account_is_refused() {
    let server = Server::fresh().await;
    let (ann, other) = (server.caller("ann"), server.caller_with("ann", 2, "member"));
    ann.arrive().await;
    other.arrive().await;
    let chat = server.caller("bob").create(json!(["ann"])).await;
    server.caller("bob").say(&chat, "hello").await;
    let with = |caller: &Caller, id: &str| {
        caller.request(Method::GET, "/events").header("Last-Event-ID", id)
    };
    for wrong in ["-1", "x", "1.5", "99999999999999999999", "0x1", "ä"] {
        assert!(send(with(&ann, wrong)).await.expect(400)["error"].is_string(), "{wrong}");
    }
    // A position that the first account has reached is ahead of the second account.
    for (caller, ahead) in [(&ann, i64::MAX.to_string()), (&other, "4".to_owned())] {
        let answer = send(with(caller, &ahead)).await;
        assert_eq!(answer.headers["retry-after"], "1");
        answer.expect(503);
    }
    // Nor does it get any of those events.
    let mut others = other.listen_from(Some(1)).await;
    assert_eq!(others.last_event, Some(1));
    let key = server.caller_with("host", 2, "service");
    key.put_json("/api/users/ann", json!({"name": "Anne"})).await.expect(200);
    assert_eq!(others.types_up_to("UserUpdated").await, ["UserUpdated"]);
    assert_eq!(with(&ann, "").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_reader_goes_on_on_another_node() {
    let installation = Installation::new().await;
    let nodes = [installation.start(), installation.start()];
    let (ann, bob) = (nodes[0].caller("ann"), nodes[0].caller("bob"));
    bob.arrive().await;
    let mut listening = ann.listen().await;
    let chat = ann.create(json!(["bob"])).await;
    for n in 0..20 {
        let said = bob.say(&chat, "hello").await;
        let told = listening.up_to("MessagePosted").await;
        assert_eq!(told.last().unwrap().id, Some(said));
        let next = nodes[(n + 1) % 2].caller("ann");
        listening = next.listen_from(listening.last_event).await;
    }
}
