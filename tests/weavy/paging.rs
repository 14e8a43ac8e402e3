use serde_json::{Value, json};

use super::{app, arrived, conversation, each};
use crate::harness::{Caller, Server};

/// Ann with seven rooms, of which three are named after tea, tagged and pinned, and messages in
/// one.
async fn ann_with_seven(server: &Server) -> (Caller, Vec<Value>) {
    let [ann, ..] = arrived(server, ["ann", "bob", "cat"]).await;
    let mut made = Vec::new();
    for n in 0..7 {
        let name = if n % 3 == 0 { format!("Tea {n}") } else { format!("Room {n}") };
        let body = json!({"members": ["bob", "cat"], "name": name});
        let room = ann.post("/api/conversations", body).await.expect(201);
        if n % 3 == 0 {
            ann.patch(&app(&room, ""), json!({"tags": ["Tea"]})).await.expect(200);
            ann.put(&conversation(&room, "/pin")).await.expect(200);
        }
        made.push(room);
    }
    for n in 0..5 {
        ann.say(&made[0], &format!("tea {n}")).await;
    }
    (ann, made)
}

/// A page beyond the end says where the list ends, counted or not: so a client that goes on until
/// `end` has reached `count` comes to an end.
#[tokio::test]
async fn an_empty_page_ends_where_the_list_does_whatever_is_asked_for() {
    let server = Server::fresh().await;
    let (ann, made) = ann_with_seven(&server).await;
    let messages = app(&made[0], "/messages");
    let members = app(&made[0], "/members");
    for (path, total) in [
        ("/api/conversations?", 7),
        ("/api/conversations?order_by=name&", 7),
        ("/api/conversations?tag=tea&", 3),
        ("/api/conversations?q=TEA&", 3),
        ("/api/conversations?q=tea&tag=tea&type=room&", 3),
        ("/api/conversations?type=room&", 7),
        ("/api/conversations?type=private&", 0),
        ("/api/conversations?unread=true&", 0),
        ("/api/conversations?trashed=true&", 0),
        (&format!("{messages}?"), 5),
        (&format!("{messages}?q=tea&"), 5),
        (&format!("{messages}?q=t&"), 5),
        (&format!("{messages}?q=no&"), 0),
        (&format!("{members}?"), 3),
        (&format!("{members}?q=at&"), 1),
        ("/api/users/autocomplete?", 2),
        ("/api/users/autocomplete?q=b&", 1),
    ] {
        for (top, skip) in [
            ("25", "100"),
            ("25", "9"),
            ("0", "2"),
            ("0", "100"),
            ("0", "0"),
            ("100", "9223372036854775807"),
            ("1000", "99999999999999999999"),
        ] {
            let end = skip.parse::<i64>().unwrap_or(i64::MAX).min(total);
            let asked = format!("{path}top={top}&skip={skip}");
            let page = ann.get(&asked).await.expect(200);
            let empty = json!({"data": [], "start": 0, "end": end, "count": total});
            assert_eq!(page, empty, "{asked}");
            let page = ann.get(&format!("{asked}&count=false")).await.expect(200);
            assert_eq!(page, json!({"data": [], "start": 0, "end": end}), "{asked}");
            let counted = ann.get(&format!("{asked}&count_only=true")).await.expect(200);
            assert_eq!(counted, json!({"count": total}), "{asked}");
        }
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_whatever_is_asked_for() {
    let server = Server::fresh().await;
    let (ann, made) = ann_with_seven(&server).await;
    for path in [
        "/api/conversations?".to_owned(),
        "/api/conversations?order_by=name+desc&".to_owned(),
        "/api/conversations?order_by=last_message_at&".to_owned(),
        "/api/conversations?q=room&".to_owned(),
        app(&made[0], "/messages?"),
        app(&made[0], "/messages?q=tea&order_by=id+desc&"),
        app(&made[0], "/members?"),
        "/api/users/autocomplete?q=a&".to_owned(),
    ] {
        let whole = ann.get(&format!("{path}top=100")).await.expect(200);
        let count = whole["count"].as_i64().unwrap();
        for top in [1, 2, 3] {
            let mut walked = Vec::new();
            let mut end = 0;
            while end < count {
                let page = ann.get(&format!("{path}top={top}&skip={end}")).await.expect(200);
                assert_eq!(page["start"], end + 1, "{path} {top}");
                end = page["end"].as_i64().unwrap();
                walked.extend(each(&page, "id"));
            }
            assert_eq!(walked, each(&whole, "id"), "{path} {top}");
        }
    }
}

#[tokio::test]
async fn sizes_of_pages_have_bounds_and_names_may_be_written_in_many_ways() {
    let server = Server::fresh().await;
    let (ann, made) = ann_with_seven(&server).await;
    let messages = app(&made[0], "/messages");
    for (path, name) in [("/api/conversations", "id"), (&*messages, "id")] {
        for (query, sent) in [
            ("top=1", 1),
            ("TOP=2", 2),
            ("Top=100&countOnly=false", 5),
            ("top=101", 5),
            ("top=1000&Count_Only=null", 5),
            ("top=null&skip=&count=", 5),
        ] {
            let page = ann.get(&format!("{path}?{query}")).await.expect(200);
            assert!(each(&page, name).len() >= sent.min(5), "{query}: {page}");
        }
        for query in ["top=-1", "top=x", "top=1.5", "skip=-1", "skip=x", "count=2", "countonly=x"] {
            ann.get(&format!("{path}?{query}")).await.expect(400);
        }
        for query in ["count_only=true", "countOnly=True", "CountOnly=TRUE", "countonly=true"] {
            let counted = ann.get(&format!("{path}/?{query}")).await.expect(200);
            assert_eq!(counted.as_object().unwrap().len(), 1, "{query}");
        }
    }
}
