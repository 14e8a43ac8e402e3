use std::process::Command;

use serde_json::{Value, json};

use super::{chat, id, pair};
use crate::harness::{Caller, Server};

/// Runs a command line as a reader of the page would, with host and token filled in.
fn curl(server: &Server, caller: &Caller, line: &str) -> (u16, Value) {
    let line = line
        .replace("https://api.protocol.chat", &server.url)
        .replace("{token}", &caller.token)
        .replacen("curl ", "curl -s -w '\\n%{http_code}' ", 1);
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let (body, status) = output.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn the_four_commands_of_the_page_answer_as_it_shows() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let contacts = ann.get("/v1/contacts").await.expect(200);
    let bob = id(&contacts["data"][0]).to_owned();

    let create = format!(
        "curl https://api.protocol.chat/v1/conversations -H \"Authorization: Bearer {{token}}\" -d \
         'contact_id'={bob}"
    );
    let (status, made) = curl(&server, &ann, &create);
    assert_eq!(status, 201);
    let (id, created_at) = (id(&made).to_owned(), made["created_at"].as_i64().unwrap());
    assert_eq!(id.len(), 22);
    let fresh = json!({
        "id": id, "contact_id": bob, "group_id": null, "pinned_message_id": null,
        "is_pinned": false, "is_muted": false, "last_active_at": null, "last_opened_at": null,
        "created_at": created_at, "archived_at": null
    });
    assert_eq!(made, fresh);

    let list = "curl -G https://api.protocol.chat/v1/conversations -H \"Authorization: Bearer \
                {token}\" -d limit=10";
    assert_eq!(curl(&server, &ann, list), (200, json!({"has_more": false, "data": [fresh]})));

    let get = format!(
        "curl https://api.protocol.chat/v1/conversations/{id} -H \"Authorization: Bearer \
         {{token}}\""
    );
    assert_eq!(curl(&server, &ann, &get), (200, fresh.clone()));

    let update = format!(
        "curl -X PUT https://api.protocol.chat/v1/conversations/{id} -H \"Authorization: Bearer \
         {{token}}\" -d 'is_muted'=true"
    );
    let mut muted = fresh;
    muted["is_muted"] = json!(true);
    assert_eq!(curl(&server, &ann, &update), (200, muted));

    let delete = format!(
        "curl -X DELETE https://api.protocol.chat/v1/conversations/{id} -H \"Authorization: Bearer \
         {{token}}\""
    );
    assert_eq!(curl(&server, &ann, &delete), (204, Value::Null));
    assert_eq!(curl(&server, &ann, &get).0, 404);
}

#[tokio::test]
async fn every_encoding_of_a_body_means_the_same() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let path = super::path(&made);
    let put = |arguments: &str| {
        let line = format!(
            "curl -X PUT https://api.protocol.chat{path} -H 'Authorization: Bearer {{token}}' \
             {arguments}"
        );
        curl(&server, &ann, &line)
    };
    for (on, off) in [
        ("-d is_muted=1 -d archived_at=1700000000", "-d is_muted=FALSE -d archived_at="),
        (
            "--json '{\"is_muted\":true,\"archived_at\":1700000000}'",
            "-H 'Content-Type: application/json; charset=utf-8' -d \
             '{\"is_muted\":false,\"archived_at\":null}'",
        ),
        ("-F is_muted=true -F archived_at=1700000000", "-F is_muted=0 -F archived_at="),
    ] {
        let (status, object) = put(on);
        assert_eq!(
            (status, &object["is_muted"], &object["archived_at"]),
            (200, &json!(true), &json!(1_700_000_000)),
            "{on}"
        );
        assert_eq!(put(off), (200, made.clone()), "{off}");
    }
    assert_eq!(put(""), (200, made.clone()), "an empty body changes nothing");
    let empty = "-H 'Content-Type: multipart/form-data'";
    assert_eq!(put(empty), (200, made.clone()));
    assert_eq!(put("-H 'Content-Type: text/plain' -d is_muted=true").0, 415);
    assert_eq!(super::get(&ann, &made).await, made);
}

#[tokio::test]
async fn every_endpoint_takes_every_encoding() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let message = super::say(&ann, &made, "hello").await;
    let group = ann.post("/v1/groups", json!({"name": "G"})).await.expect(201);
    let (of_message, of_group) =
        (format!("/v1/messages/{}", id(&message)), format!("/v1/groups/{}", id(&group)));
    for (method, path, fields) in [
        ("POST", "/v1/conversations", vec![("contact_id", "bob")]),
        ("POST", "/v1/groups", vec![("name", "Team & co"), ("contacts[]", "bob")]),
        ("PUT", &of_group, vec![("description", "ÄÖ"), ("contacts[]", "bob")]),
        ("POST", "/v1/messages", vec![("conversation_id", id(&made)), ("message", "a=b&c")]),
        ("PUT", &of_message, vec![("message", "1 + 1 = 2")]),
        ("POST", &format!("{}/read", super::path(&made)), vec![("message_id", id(&message))]),
    ] {
        let form = |option: &str| {
            let field = |(name, value): &(&str, &str)| format!("{option} '{name}={value}'");
            fields.iter().map(field).collect::<Vec<_>>().join(" ")
        };
        let object: serde_json::Map<String, Value> = fields
            .iter()
            .map(|(name, value)| match name.strip_suffix("[]") {
                Some(name) => (name.to_owned(), json!([value])),
                None => ((*name).to_owned(), json!(value)),
            })
            .collect();
        let encodings =
            [form("--data-urlencode"), format!("--json '{}'", Value::Object(object)), form("-F")];
        let answers = encodings.map(|body| {
            let line = format!(
                "curl -X {method} https://api.protocol.chat{path} -H 'Authorization: Bearer \
                 {{token}}' {body}"
            );
            let (status, mut answer) = curl(&server, &ann, &line);
            assert!(status < 300, "{line} {answer}");
            for varying in ["id", "conversation_id", "created_at", "updated_at", "last_opened_at"] {
                answer.as_object_mut().unwrap().remove(varying);
            }
            (status, answer)
        });
        assert_eq!(answers[0], answers[1], "{method} {path}");
        assert_eq!(answers[0], answers[2], "{method} {path}");
    }
}
