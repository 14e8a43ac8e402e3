use reqwest::Method;
use serde_json::{Value, json};

use super::{ann_and, direct, get, id, ids, say, submit, user};
use crate::harness::{Server, send};

#[tokio::test]
async fn a_peer_is_found_by_part_of_name_or_uid_and_the_caller_is_not() {
    let server = Server::fresh().await;
    let (ann, _) = ann_and(&server, &[]).await;
    let key = server.key();
    let mut known = Vec::new();
    for (uid, name) in [
        ("u-1", "Bob Miller"),
        ("u-2", "Ärmel"),
        ("u-3", "50% off"),
        ("u_4", "under_score"),
        ("miller-5", "Eve"),
        ("u-6", "back\\slash"),
    ] {
        key.put_json(&format!("/api/users/{uid}"), json!({ "name": name })).await.expect(200);
        known.push((id(&direct(&ann, uid).await).to_owned(), uid));
    }
    for (search, wanted) in [
        ("miller", vec!["miller-5", "u-1"]),
        ("MILLER", vec!["miller-5", "u-1"]),
        ("b m", vec!["u-1"]),
        ("äRM", vec!["u-2"]),
        ("%25", vec!["u-3"]),
        ("0%25%20o", vec!["u-3"]),
        ("_", vec!["u_4"]),
        ("u_", vec!["u_4"]),
        ("\\", vec!["u-6"]),
        ("ann", vec![]),
        ("nobody", vec![]),
        ("u-", vec!["u-6", "u-3", "u-2", "u-1"]),
        ("%20", vec!["u-6", "miller-5", "u_4", "u-3", "u-2", "u-1"]),
        ("", vec!["u-6", "miller-5", "u_4", "u-3", "u-2", "u-1"]),
    ] {
        let path = format!("/direct_conversations?search_peer={search}&sort=-created_at");
        let answer = get(&ann, &path).await;
        let found: Vec<&str> = ids(&answer)
            .iter()
            .map(|id| known.iter().find(|(known, _)| known == id).unwrap().1)
            .collect();
        assert_eq!(found, wanted, "{search}");
        assert_eq!(answer.body["meta"]["total"], wanted.len());
    }
}

#[tokio::test]
async fn what_everyone_sees_moves_a_chat_up_and_ones_own_marks_do_not() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob", "cat", "dan"]).await;
    let mut chats = Vec::new();
    for uid in ["bob", "cat", "dan"] {
        chats.push(id(&direct(&ann, uid).await).to_owned());
    }
    let [b, c, d] = &chats[..] else { panic!() };
    let order = async |query: &str| ids(&get(&ann, &format!("/direct_conversations{query}")).await);
    assert_eq!(order("").await, [d, c, b].map(String::clone));
    let message = say(&ann, b, "hello").await;
    let newest_first = [b, d, c].map(String::clone);
    assert_eq!(order("?sort=-chat_updated_at").await, newest_first);
    assert_eq!(order("").await, newest_first, "which is the default");
    assert_eq!(order("?sort=chat_updated_at").await, [c, d, b].map(String::clone));

    let answered = say(&others[1], c, "hi").await;
    assert_eq!(order("").await, [c, b, d].map(String::clone));
    let path = format!("/chats/{b}/messages/{}", id(&message));
    submit(&ann, Method::PUT, &path, "message", json!({"content": "hey"})).await.expect(200);
    assert_eq!(order("").await, [b, c, d].map(String::clone), "an edit");
    let path = format!("/api/v1/chats/{c}/messages/{}", id(&answered));
    send(others[1].request(Method::DELETE, &path)).await.expect(200);
    assert_eq!(order("").await, [c, b, d].map(String::clone), "a deletion");

    let settled = order("").await;
    ann.put(&format!("/api/v1/chats/{d}/bookmark")).await.expect(201);
    let weavy = ann.get("/api/conversations").await.expect(200)["data"][0]["id"].clone();
    ann.put(&format!("/api/conversations/{weavy}/pin")).await.expect(200);
    let protocol = ann.get("/v1/conversations").await.expect(200)["data"][1]["id"].clone();
    let path = format!("/v1/conversations/{}", protocol.as_str().unwrap());
    ann.put_json(&path, json!({"is_muted": true, "archived_at": 1})).await.expect(200);
    assert_eq!(order("").await, settled, "and archived and muted ones stay listed");
}

#[tokio::test]
async fn every_attribute_sorts_and_filters() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob", "cat", "dan", "eve"]).await;
    for (n, uid) in ["bob", "cat", "dan", "eve"].iter().enumerate() {
        if n % 2 == 0 {
            direct(&ann, uid).await;
        } else {
            direct(&others[n], "ann").await;
        }
    }
    let all = get(&ann, "/direct_conversations").await.expect(200)["data"].clone();
    let all = all.as_array().unwrap();
    let field = |one: &Value, name: &str| one["attributes"][name].as_str().unwrap().to_owned();
    for name in ["created_at", "user_id", "first_user_id", "second_user_id"] {
        for descending in [false, true] {
            let sign = if descending { "-" } else { "" };
            let path = format!("/direct_conversations?sort={sign}{name}");
            let mut wanted: Vec<&Value> = all.iter().collect();
            wanted.sort_by(|one, other| {
                let order = field(one, name).cmp(&field(other, name));
                let order = if descending { order.reverse() } else { order };
                order.then(id(one).cmp(id(other)))
            });
            let wanted: Vec<&str> = wanted.into_iter().map(id).collect();
            assert_eq!(ids(&get(&ann, &path).await), wanted, "{sign}{name}");
        }
    }
    let two = get(&ann, "/direct_conversations?sort=first_user_id,-user_id").await;
    let mut wanted: Vec<&Value> = all.iter().collect();
    wanted.sort_by(|one, other| {
        let first = field(one, "first_user_id").cmp(&field(other, "first_user_id"));
        first.then(field(other, "user_id").cmp(&field(one, "user_id")))
    });
    assert_eq!(ids(&two), wanted.into_iter().map(id).collect::<Vec<_>>());

    let one = &all[1];
    for name in ["user_id", "first_user_id", "second_user_id"] {
        let value = field(one, name);
        let wanted: Vec<&str> =
            all.iter().filter(|other| field(other, name) == value).map(id).collect();
        for operator in ["", "eq:", "in:"] {
            let path = format!("/direct_conversations?filter[{name}]={operator}{value}");
            assert_eq!(ids(&get(&ann, &path).await), wanted, "{path}");
        }
    }
    let some = format!("/direct_conversations?filter[id]=in:{},{}", id(&all[0]), id(&all[2]));
    assert_eq!(ids(&get(&ann, &some).await), [id(&all[0]), id(&all[2])]);
    let both = format!("{some}&filter[user_id]={}", field(&all[2], "user_id"));
    assert_eq!(ids(&get(&ann, &both).await), [id(&all[2])], "several are ANDed");
}

#[tokio::test]
async fn includes_are_complete_and_without_duplicates() {
    let server = Server::fresh().await;
    let (ann, _) = ann_and(&server, &["bob", "cat"]).await;
    let (b, c) = (direct(&ann, "bob").await, direct(&ann, "cat").await);
    let message = say(&ann, id(&b), "hello").await;
    ann.put(&format!("/api/v1/chats/{}/bookmark", id(&b))).await.expect(201);
    let included = async |include: &str| {
        let path = format!("/direct_conversations?include={include}");
        let answer = get(&ann, &path).await.expect(200);
        let found = answer["included"].as_array().unwrap().clone();
        let mut names: Vec<(String, String)> = found
            .iter()
            .map(|one| (one["type"].as_str().unwrap().to_owned(), id(one).to_owned()))
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "no duplicate: {found:?}");
        // Full linkage: whatever is included is linked from another resource in the document.
        let links = serde_json::to_string(&answer["data"]).unwrap()
            + &serde_json::to_string(&found).unwrap();
        for (r#type, id) in &names {
            let linkage = [
                format!(r#"{{"id":"{id}","type":"{type}"}}"#),
                format!(r#"{{"type":"{type}","id":"{id}"}}"#),
            ];
            assert!(linkage.iter().any(|linkage| links.contains(linkage)), "{type} {id}");
        }
        names.into_iter().map(|(r#type, _)| r#type).collect::<Vec<_>>()
    };
    assert_eq!(included("chat").await, ["chat", "chat"]);
    assert_eq!(included("first_user").await, ["user"]);
    assert_eq!(included("first_user,second_user").await, ["user", "user", "user"]);
    assert_eq!(included("chat.latest_message").await, ["chat", "chat", "message"]);
    assert_eq!(
        included("chat,chat.bookmark,chat.latest_message,second_user").await,
        ["chat", "chat", "chat_bookmark", "message", "user", "user"]
    );
    assert_eq!(included("").await, [] as [&str; 0]);
    assert!(get(&ann, "/direct_conversations").await.body.get("included").is_none());

    let path = format!("/chats/{}?include=latest_message,bookmark", id(&b));
    let chat = get(&ann, &path).await.expect(200);
    assert_eq!(chat["included"].as_array().unwrap().len(), 2);
    assert_eq!(chat["data"]["relationships"]["latest_message"]["data"]["id"], message["id"]);
    let empty = get(&ann, &format!("/chats/{}?include=latest_message", id(&c))).await.expect(200);
    assert_eq!(empty["data"]["relationships"]["latest_message"], json!({"data": null}));
    assert_eq!(empty["included"], json!([]));
}

#[tokio::test]
async fn only_the_fields_that_are_asked_for_are_shown() {
    let server = Server::fresh().await;
    let (ann, _) = ann_and(&server, &["bob"]).await;
    direct(&ann, "bob").await;
    let query = "fields[direct_conversation]=user_id&fields[user]=name&include=second_user";
    let answer = get(&ann, &format!("/direct_conversations?{query}")).await.expect(200);
    let one = &answer["data"][0];
    let user_id = user(&ann, "bob").await;
    assert_eq!(one["attributes"], json!({ "user_id": user_id }));
    assert!(one.get("relationships").is_none());
    assert_eq!(answer["included"][0]["attributes"], json!({"name": "Bob"}));
    let query = "fields%5Bdirect_conversation%5D=chat";
    let answer = get(&ann, &format!("/direct_conversations?{query}")).await.expect(200);
    let one = &answer["data"][0];
    assert_eq!(one["attributes"], json!({}));
    assert_eq!(one["relationships"].as_object().unwrap().keys().collect::<Vec<_>>(), ["chat"]);
}

#[tokio::test]
async fn pages_keep_the_query_and_end_where_the_list_does() {
    let server = Server::fresh().await;
    let (ann, _) = ann_and(&server, &[]).await;
    let key = server.key();
    for n in 0..30 {
        let path = format!("/api/users/peer-{n:02}");
        key.put_json(&path, json!({"name": format!("Peer {n:02}")})).await.expect(200);
        ann.create(json!([format!("peer-{n:02}")])).await;
    }
    let page =
        async |query: &str| get(&ann, &format!("/direct_conversations?{query}")).await.expect(200);
    let count = |page: &Value| page["data"].as_array().unwrap().len();
    let first = page("").await;
    assert_eq!((count(&first), &first["meta"]), (25, &json!({"total": 30})));
    for (size, wanted) in [("1", 1), ("25", 25), ("100", 30), ("101", 30)] {
        assert_eq!(count(&page(&format!("page[size]={size}")).await), wanted);
    }
    for number in ["3", "9223372036854775807", "99999999999999999999"] {
        for list in ["direct_conversations", "chats"] {
            let beyond = get(&ann, &format!("/{list}?page[number]={number}")).await.expect(200);
            assert_eq!((&beyond["data"], &beyond["links"]["next"]), (&json!([]), &Value::Null));
        }
    }
    let wrong = get(&ann, "/direct_conversations?page[number]=0&page[size]=x&foo=1").await;
    let errors = wrong.expect(400)["errors"].as_array().unwrap().clone();
    let named = errors.iter().map(|error| error["source"]["parameter"].as_str().unwrap());
    assert_eq!(named.collect::<Vec<_>>(), ["page[number]", "page[size]", "foo"]);
    let all = ids(&get(&ann, "/direct_conversations?page[size]=100").await);

    let query = "page%5Bnumber%5D=2&search_peer=EER&sort=-chat_updated_at&page%5Bsize%5D=7";
    let second = page(query).await;
    let links = &second["links"];
    let link = |name: &str| links[name].as_str().unwrap();
    for name in ["self", "first", "last", "prev", "next"] {
        assert!(link(name).contains("search_peer=EER&sort=-chat_updated_at"), "{links}");
        assert!(link(name).starts_with("/api/v1/direct_conversations?"), "{links}");
    }
    assert_eq!(ann.get(link("self")).await.expect(200), second);
    let mut walked = Vec::new();
    let mut next = link("first").to_owned();
    loop {
        let answer = ann.get(&next).await;
        walked.extend(ids(&answer));
        match answer.body["links"]["next"].as_str() {
            Some(link) => next = link.to_owned(),
            None => {
                let last = answer.body["links"]["self"].as_str().unwrap();
                assert_eq!(last, link("last"));
                break;
            }
        }
    }
    assert_eq!(walked, all);
    assert_eq!(ann.get(link("first")).await.body["links"]["prev"], Value::Null);
    let beyond = page("page[number]=9&page[size]=7").await;
    assert_eq!((&beyond["data"], &beyond["links"]["next"]), (&json!([]), &Value::Null));
    assert_eq!(beyond["links"]["prev"], beyond["links"]["last"]);
    for query in ["page[size]=0", "page[size]=x", "page[number]=0", "page[number]=-1"] {
        let answer = get(&ann, &format!("/direct_conversations?{query}")).await;
        let name = query.split('=').next().unwrap();
        assert_eq!(super::error(&answer).2, json!({ "parameter": name }));
    }
}
