use serde_json::{Value, json};

use crate::harness::{Caller, Server};

/// Ann with one private chat, three rooms, and Bob in all of them.
async fn ann_with_four(server: &Server) -> (Caller, Caller, Vec<Value>) {
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    for caller in [&ann, &bob, &server.caller("cat")] {
        caller.arrive().await;
    }
    let mut made = vec![ann.create(json!(["bob"])).await];
    for name in ["Alpha", "beta", "Gamma"] {
        let body = json!({"members": ["bob", "cat"], "name": name});
        made.push(ann.post("/api/conversations", body).await.expect(201));
    }
    (ann, bob, made)
}

async fn ids(caller: &Caller, query: &str) -> Vec<Value> {
    let page = caller.get(&format!("/api/conversations{query}")).await.expect(200);
    page["data"].as_array().unwrap().iter().map(|c| c["id"].clone()).collect()
}

fn id(made: &[Value], order: &[usize]) -> Vec<Value> {
    order.iter().map(|n| made[*n]["id"].clone()).collect()
}

#[tokio::test]
async fn pinned_come_first_then_newest_messages_then_newest_made() {
    let server = Server::fresh().await;
    let (ann, bob, made) = ann_with_four(&server).await;
    assert_eq!(ids(&ann, "").await, id(&made, &[3, 2, 1, 0]));
    bob.say(&made[0], "hi").await;
    assert_eq!(ids(&ann, "").await, id(&made, &[0, 3, 2, 1]));
    for n in [1, 2] {
        ann.put(&format!("/api/conversations/{}/pin", made[n]["id"])).await.expect(200);
    }
    assert_eq!(ids(&ann, "").await, id(&made, &[2, 1, 0, 3]));
    assert_eq!(ids(&bob, "").await, id(&made, &[0, 3, 2, 1]), "a pin is the pinner's own");
}

#[tokio::test]
async fn filters_combine() {
    let server = Server::fresh().await;
    let (ann, bob, made) = ann_with_four(&server).await;
    bob.say(&made[0], "hi").await;
    bob.say(&made[2], "hi").await;
    for (query, expected) in [
        ("?unread=true", &[2, 0][..]),
        ("?unread=False", &[3, 1]),
        ("?unread=null", &[2, 0, 3, 1]),
        ("?unread=", &[2, 0, 3, 1]),
        ("?contextual=true", &[]),
        ("?contextual=false", &[2, 0, 3, 1]),
        ("?type=private", &[0]),
        ("?type=7E14F418-8F15-46F4-B182-F619B671E470", &[0]),
        ("?type=rooms&unread=true", &[2]),
        ("?q=BET", &[2]),
        ("?q=bob&type=private", &[0]),
        ("?q=ann", &[]),
        ("?q=%25", &[]),
        ("?q=", &[2, 0, 3, 1]),
        ("?tag=x", &[]),
        ("?trashed=true", &[]),
        ("?trashed=null", &[2, 0, 3, 1]),
    ] {
        assert_eq!(ids(&ann, query).await, id(&made, expected), "{query}");
    }
}

#[tokio::test]
async fn an_order_can_be_chosen() {
    let server = Server::fresh().await;
    let (ann, bob, made) = ann_with_four(&server).await;
    bob.say(&made[1], "hi").await;
    for (query, expected) in [
        ("?order_by=id", &[0, 1, 2, 3][..]),
        ("?orderBy=id+desc", &[3, 2, 1, 0]),
        ("?order_by=created_at%20desc", &[3, 2, 1, 0]),
        ("?order_by=modifiedAt", &[0, 1, 2, 3]),
        ("?order_by=name", &[0, 1, 2, 3]),
        ("?order_by=Name+desc", &[3, 2, 1, 0]),
        ("?order_by=last_message_at+desc", &[1, 3, 2, 0]),
        ("?order_by=last_message_at", &[1, 3, 2, 0]),
    ] {
        assert_eq!(ids(&ann, query).await, id(&made, expected), "{query}");
    }
}

#[tokio::test]
async fn parameters_that_cannot_be_used_are_refused() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    for query in [
        "unread=maybe",
        "type=nonsense",
        "order_by=size",
        "top=-1",
        "top=x",
        "skip=-1",
        "skip=x",
        "count=2",
    ] {
        let problem = ann.get(&format!("/api/conversations?{query}")).await.expect(400);
        let name = query.split('=').next().unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(name), "{query}: {problem}");
    }
    ann.get("/api/conversations?unknown=1").await.expect(200);
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip() {
    let server = Server::fresh().await;
    let (ann, _, made) = ann_with_four(&server).await;
    let mut walked = Vec::new();
    for (skip, start, end) in [(0, 1, 3), (3, 4, 4), (6, 0, 4)] {
        let page = ann.get(&format!("/api/conversations?top=3&skip={skip}")).await.expect(200);
        assert_eq!(
            (&page["start"], &page["end"], &page["count"]),
            (&json!(start), &json!(end), &json!(4))
        );
        walked.extend(page["data"].as_array().unwrap().iter().map(|c| c["id"].clone()));
    }
    assert_eq!(walked, id(&made, &[3, 2, 1, 0]));
    let page = ann.get("/api/conversations?top=0").await.expect(200);
    assert_eq!(page, json!({"data": [], "start": 0, "end": 0, "count": 4}));
    assert_eq!(ann.get("/api/conversations?count=false").await.expect(200).get("count"), None);
    assert_eq!(ann.get("/api/conversations?countOnly=TRUE").await.expect(200), json!({"count": 4}));
    assert_eq!(ids(&ann, "?top=1000").await.len(), 4);
}

#[tokio::test]
async fn another_account_sees_nothing() {
    let server = Server::fresh().await;
    let (_, _, made) = ann_with_four(&server).await;
    let other = server.caller_with("ann", 2, "member");
    assert_eq!(ids(&other, "").await, Vec::<Value>::new());
    other.get(&format!("/api/conversations/{}", made[0]["id"])).await.expect(404);
    other.post("/api/conversations", json!({"members": ["bob"]})).await.expect(400);
}

#[tokio::test]
async fn the_kinds_the_trash_and_tags_filter() {
    let server = Server::fresh().await;
    let (ann, _, mut made) = ann_with_four(&server).await;
    let doc = json!({"uid": "doc", "type": "chat", "name": "Doc", "tags": ["Straße", "b"]});
    made.push(ann.post("/api/apps", doc).await.expect(201));
    ann.patch(&super::app(&made[1], ""), json!({"tags": ["B"]})).await.expect(200);
    ann.bare_post(&super::app(&made[3], "/trash")).await.expect(200);
    for (query, expected) in [
        ("", &[4, 2, 1, 0][..]),
        ("?contextual=true", &[4]),
        ("?contextual=FALSE", &[2, 1, 0]),
        ("?contextual=null", &[4, 2, 1, 0]),
        ("?contextual=", &[4, 2, 1, 0]),
        ("?type=CHAT", &[4]),
        ("?type=D65DD4BC-418E-403C-9F56-F9CF4DA931ED", &[4]),
        ("?type=chat&contextual=false", &[]),
        ("?type=privatechat", &[0]),
        ("?type=chatroom", &[2, 1]),
        ("?type=", &[4, 2, 1, 0]),
        ("?trashed=true", &[3]),
        ("?trashed=false", &[4, 2, 1, 0]),
        ("?trashed=null", &[4, 3, 2, 1, 0]),
        ("?trashed=", &[4, 3, 2, 1, 0]),
        ("?trashed=true&q=gam", &[3]),
        ("?q=gam", &[]),
        ("?tag=B", &[4, 1]),
        ("?tag=STRASSE", &[4]),
        ("?tag=c", &[]),
        ("?tag=b&type=room&q=alpha", &[1]),
    ] {
        assert_eq!(ids(&ann, query).await, id(&made, expected), "{query}");
    }
}
