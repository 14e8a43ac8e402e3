use reqwest::Method;
use serde_json::json;

use crate::harness::{Server, send};

#[tokio::test]
async fn the_host_system_registers_changes_and_finds_users() {
    let server = Server::fresh().await;
    let key = server.key();
    let made = key
        .post("/api/users", json!({"uid": "dan", "name": "Dan", "email": "d@example.com"}))
        .await;
    let made = made.expect(201);
    assert_eq!((&made["uid"], &made["display_name"]), (&json!("dan"), &json!("Dan")));
    key.post("/api/users", json!({"uid": "dan"})).await.expect(400);
    key.post("/api/users", json!({"name": "Nobody"})).await.expect(400);
    key.post("/api/users", json!({"uid": "x".repeat(257)})).await.expect(400);
    // Longer than an index entry can be.
    let long: String = (0..5000).map(|n| n.to_string()).collect();
    key.post("/api/users", json!({"uid": "fay", "username": long})).await.expect(400);

    let put = async |uid: &str| {
        let request = key.request(Method::PUT, &format!("/api/users/{uid}"));
        send(request.json(&json!({"name": "Danny", "tags": ["vip"]}))).await.expect(200)
    };
    let changed = put("dan").await;
    assert_eq!(
        (&changed["id"], &changed["name"], &changed["email"]),
        (&made["id"], &json!("Danny"), &json!("d@example.com"))
    );
    assert_eq!(put("eve").await["tags"], json!(["vip"]));

    assert_eq!(key.get("/api/users/dan").await.expect(200), changed);
    assert_eq!(key.get(&format!("/api/users/{}", made["id"])).await.expect(200), changed);
    key.get("/api/users/nobody").await.expect(404);
    let list = key.get("/api/users?q=ANN").await.expect(200);
    assert_eq!(list["count"], 2, "{list}");
}

#[tokio::test]
async fn a_user_who_is_registered_many_times_at_once_is_one() {
    let server = Server::fresh().await;
    let key = server.key();
    let body = json!({"name": "Dan"});
    for n in 0..5 {
        let path = format!("/api/users/dan-{n}");
        let puts = (0..8).map(|_| send(key.request(Method::PUT, &path).json(&body)));
        for answer in futures::future::join_all(puts).await {
            assert_eq!(answer.expect(200)["display_name"], "Dan");
        }
    }
}

#[tokio::test]
async fn a_user_is_registered_on_sight_and_kept_up_to_date() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    let first = ann.get("/api/user").await.expect(200);
    assert_eq!(
        (&first["uid"], &first["name"], &first["is_admin"]),
        (&json!("ann"), &json!("Ann"), &json!(false))
    );
    let promoted = server.caller_with("ann", 1, "administrator").get("/api/user").await.expect(200);
    assert_eq!((&promoted["id"], &promoted["is_admin"]), (&first["id"], &json!(true)));
    ann.get("/api/users").await.expect(403);
    ann.post("/api/users", json!({"uid": "x"})).await.expect(403);
}

#[tokio::test]
async fn texts_that_differ_only_in_case_and_normal_form_are_found() {
    let server = Server::fresh().await;
    let key = server.key();
    let spellings = [
        ("Große Straße", "GROSSE STRASSE", "groẞe"),
        ("Οδυσσεύς", "ΟΔΥΣΣΕΎΣ", "ΣΕΎς"),
        ("Jos\u{e9} Nu\u{f1}ez", "JOSE\u{301} NUN\u{303}EZ", "e\u{301} nu"),
    ];
    let mut members = Vec::new();
    for (n, (name, _, _)) in spellings.iter().enumerate() {
        let uid = format!("u{n}");
        key.post("/api/users", json!({"uid": uid, "name": name})).await.expect(201);
        members.push(uid);
    }
    let ann = server.caller("ann");
    let room = json!({"members": members, "name": "Straße"});
    let room = ann.post("/api/conversations", room).await.expect(201);
    let messages = format!("/api/apps/{}/messages", room["id"]);
    for (name, capitals, part) in spellings {
        ann.say(&room, name).await;
        for q in [name, capitals, part] {
            let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
            for list in ["/api/users", "/api/conversations", &messages] {
                let caller = if list == "/api/users" { &key } else { &ann };
                let found = caller.get(&format!("{list}?q={q}")).await.expect(200);
                assert_eq!(found["count"], 1, "{list} {q}: {found}");
            }
        }
    }
}

#[tokio::test]
async fn names_are_found_with_and_without_their_accents() {
    let server = Server::fresh().await;
    let key = server.key();
    for (uid, name) in [("zoe", "Zoë Çelik"), ("ola", "Ola Åström"), ("rui", "Рый"), ("ka", "がく")]
    {
        key.post("/api/users", json!({"uid": uid, "name": name})).await.expect(201);
    }
    let ann = server.caller("ann");
    let made = json!({"members": ["zoe", "ola"], "name": "Fête"});
    let room = ann.post("/api/conversations", made).await.expect(201);
    let members = format!("/api/apps/{}/members", room["id"]);
    for (q, uids) in [
        ("ZOE CEL", &["zoe"][..]),
        ("zoë çelik", &["zoe"]),
        ("E\u{308} C", &["zoe"]),
        ("astrom", &["ola"]),
        ("Åstr\u{f6}m", &["ola"]),
        ("l", &["ola", "zoe"]),
        ("РЫИ", &["rui"]),
        ("かく", &[]),
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
        for list in ["/api/users", "/api/users/autocomplete", &members] {
            let caller = if list == "/api/users" { &key } else { &ann };
            let page = caller.get(&format!("{list}?q={encoded}")).await.expect(200);
            let mut found = super::each(&page, "uid");
            found.sort_by_key(|uid| uid.to_string());
            let expected: Vec<&&str> =
                uids.iter().filter(|uid| list != members || ["zoe", "ola"].contains(uid)).collect();
            assert_eq!(json!(found), json!(expected), "{list} {q}: {page}");
        }
    }
    for (q, count) in [("FETE", 1), ("fête", 1), ("celik", 1), ("fate", 0)] {
        let page = ann.get(&format!("/api/conversations?q={q}")).await.expect(200);
        assert_eq!(page["count"], count, "{q}");
    }
}
