use reqwest::Method;
use serde_json::json;

use super::{ann_and, direct, error, get, id, say, submit};
use crate::harness::{Server, send};

#[tokio::test]
async fn a_bookmark_is_the_read_marker_of_every_dialect() {
    let server = Server::fresh().await;
    let (ann, others) = ann_and(&server, &["bob"]).await;
    let chat = id(&direct(&ann, "bob").await).to_owned();
    let path = format!("/chats/{chat}/bookmark");
    let url = format!("/api/v1{path}");
    let first = say(&others[0], &chat, "one").await;
    assert_eq!(error(&get(&ann, &path).await).0, 404);
    let made = ann.put(&url).await;
    assert_eq!(made.headers["location"].to_str().unwrap(), url);
    let made = made.expect(201);
    assert_eq!(get(&ann, &path).await.expect(200)["data"], made["data"]);
    let updated_at = made["data"]["attributes"]["updated_at"].as_str().unwrap().to_owned();

    let weavy = async || {
        let listed = ann.get("/api/conversations").await.expect(200);
        let number = listed["data"][0]["id"].clone();
        let one = ann.get(&format!("/api/conversations/{number}")).await.expect(200);
        let members = one["members"].as_array().unwrap().clone();
        let me = members.iter().find(|member| member["uid"] == "ann").unwrap().clone();
        (one["is_unread"].clone(), me["marked_id"].clone(), number)
    };
    let opened = async || {
        let listed = ann.get("/v1/conversations").await.expect(200);
        listed["data"][0]["last_opened_at"].clone()
    };
    let seconds = |time: &str| time.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
    let (unread, marked, number) = weavy().await;
    assert_eq!((unread, opened().await), (json!(false), json!(seconds(&updated_at))));

    let second = say(&others[0], &chat, "two").await;
    assert_eq!(weavy().await.0, true);
    let moved = send(ann.request(Method::PATCH, &url)).await.expect(200);
    assert!(moved["data"]["attributes"]["updated_at"].as_str().unwrap() > updated_at.as_str());
    let (unread, newest, _) = weavy().await;
    assert_eq!(unread, false);
    assert!(newest.as_i64() > marked.as_i64());

    // To the newest message posted no later than a given time, which may be further back.
    let between = first["attributes"]["created_at"].clone();
    assert!(between.as_str() < second["attributes"]["created_at"].as_str());
    let after_first = (between.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        + chrono::TimeDelta::milliseconds(1))
    .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        ann.put(&url).await.expect(200);
        let attributes = json!({ "updated_at": after_first });
        let back = submit(&ann, method, &path, "chat_bookmark", attributes).await.expect(200);
        assert_eq!(back["data"]["attributes"]["updated_at"], after_first);
        assert_eq!(weavy().await, (json!(true), marked.clone(), number.clone()));
        assert_eq!(opened().await, json!(seconds(&after_first)));
    }
    let before_all = json!({"updated_at": "2020-01-01T00:00:00+01:00"});
    let back = submit(&ann, Method::PUT, &path, "chat_bookmark", before_all).await.expect(200);
    assert_eq!(back["data"]["attributes"]["updated_at"], "2019-12-31T23:00:00.000Z");
    assert_eq!(weavy().await.0, true);
    let (_, marked_now, _) = weavy().await;
    assert_eq!(marked_now, json!(null), "nothing is read, and nobody is told of a marker");
    let to_the_second = json!({"updated_at": second["attributes"]["created_at"]});
    submit(&ann, Method::PUT, &path, "chat_bookmark", to_the_second).await.expect(200);
    assert_eq!(weavy().await.0, false, "its own time reaches it");
    for value in [
        json!("soon"),
        json!(7),
        json!(null),
        json!("0000-01-01T00:00:00Z"),
        json!("1969-12-31T23:59:59Z"),
        json!("9999-12-31T23:59:59-23:59"),
        json!("2999-01-01T00:00:00Z"),
        json!("2016-12-31T23:59:60.5Z"),
    ] {
        let attributes = json!({ "updated_at": value });
        let answer = submit(&ann, Method::PUT, &path, "chat_bookmark", attributes).await;
        assert_eq!(error(&answer).2, json!({"pointer": "/data/attributes/updated_at"}));
    }

    send(ann.request(Method::DELETE, &format!("/api/conversations/{number}/mark")))
        .await
        .expect(200);
    assert_eq!(error(&get(&ann, &path).await).0, 404, "marked as unread elsewhere");
    send(ann.request(Method::POST, &url)).await.expect(201);
    ann.put(&format!("/api/conversations/{number}/mark")).await.expect(200);
    get(&ann, &path).await.expect(200);
    assert_eq!(error(&get(&others[0], &path).await).0, 404, "it is the caller's own");
}
