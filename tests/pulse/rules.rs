//! The rules that hold for every resource, in one table.

use reqwest::Method;
use serde_json::{Value, json};

use super::resources::world;
use super::{MEDIA_TYPE, error, get, id};
use crate::harness::send;

#[tokio::test]
async fn media_types_are_negotiated() {
    let (_server, ann, resources) = world().await;
    for resource in &resources {
        for path in resource.reads() {
            let url = format!("/api/v1{path}");
            let get = || ann.request(Method::GET, &url);
            for (accept, status) in [
                (None, 200),
                (Some("*/*"), 200),
                (Some("application/json"), 200),
                (Some(MEDIA_TYPE), 200),
                (Some("application/vnd.api+json; profile=\"https://host.example/p\""), 200),
                (Some("application/vnd.api+json; charset=utf-8"), 406),
                (Some("application/vnd.api+json; ext=\"https://host.example/e\", */*"), 406),
                (Some("application/vnd.api+json; charset=utf-8, application/vnd.api+json"), 200),
            ] {
                let request = match accept {
                    Some(accept) => get().header("Accept", accept),
                    None => get(),
                };
                let answer = send(request).await;
                assert_eq!(answer.status.as_u16(), status, "{path} {accept:?} {}", answer.body);
                assert_eq!(answer.headers["content-type"], MEDIA_TYPE);
                assert!(answer.headers["vary"].to_str().unwrap().contains("Accept"));
                if status == 406 {
                    assert_eq!(error(&answer).2, json!({"header": "Accept"}));
                }
            }
            send(get().header("Content-Type", "text/plain").body("x")).await.expect(200);
            send(ann.request(Method::GET, &format!("{url}/"))).await.expect(200);
        }
        for (method, path) in resource.writes() {
            for (content_type, accepted) in [
                (Some(MEDIA_TYPE), true),
                (Some("application/json"), true),
                (Some("application/json; charset=utf-8"), true),
                (Some("application/vnd.api+json; profile=\"https://host.example/p\""), true),
                (Some("application/vnd.api+json; charset=utf-8"), false),
                (Some("application/vnd.api+json; ext=\"https://host.example/e\""), false),
                (Some("text/plain"), false),
                (None, false),
            ] {
                let request = ann.request(method.clone(), &format!("/api/v1{path}"));
                let request = match content_type {
                    Some(content_type) => request.header("Content-Type", content_type),
                    None => request,
                };
                let answer = send(request.body(resource.document().to_string())).await;
                if accepted {
                    assert!(answer.status.is_success(), "{method} {path} {}", answer.body);
                    assert_eq!(answer.headers["content-type"], MEDIA_TYPE);
                } else {
                    let (status, _, source) = error(&answer);
                    assert_eq!((status, source), (415, json!({"header": "Content-Type"})));
                }
            }
        }
    }
}

#[tokio::test]
async fn documents_are_read_by_the_book() {
    let (_server, ann, resources) = world().await;
    for resource in &resources {
        for (method, path) in resource.writes() {
            let submit = async |body: String| {
                let request = ann.request(method.clone(), &format!("/api/v1{path}"));
                send(request.header("Content-Type", MEDIA_TYPE).body(body)).await
            };
            let mut wrong = vec![
                ("{".to_owned(), 400, ""),
                ("[]".to_owned(), 400, ""),
                ("{}".to_owned(), 400, ""),
                (json!({"data": []}).to_string(), 400, "/data"),
                (json!({"data": null}).to_string(), 400, "/data"),
                (json!({"data": {"attributes": {}}}).to_string(), 400, "/data"),
            ];
            let plural = format!("{}s", resource.r#type);
            let camel = format!("{}X", resource.r#type);
            for name in [plural, camel] {
                wrong.push((json!({"data": {"type": name}}).to_string(), 409, "/data/type"));
            }
            let mut with_id = resource.document();
            with_id["data"]["id"] = json!(uuid::Uuid::nil());
            let status = if method == Method::POST { 403 } else { 409 };
            wrong.push((with_id.to_string(), status, "/data/id"));
            for (body, status, pointer) in wrong {
                let answer = submit(body.clone()).await;
                let (found, _, source) = error(&answer);
                assert_eq!(
                    (found, source),
                    (status, json!({ "pointer": pointer })),
                    "{method} {path} {body}"
                );
            }
            let mut tolerated = resource.document();
            tolerated["meta"] = json!({"a": 1});
            tolerated["jsonapi"] = json!({"version": "1.0"});
            tolerated["links"] = json!({});
            tolerated["data"]["attributes"]["unknown"] = json!(1);
            tolerated["data"]["attributes"][resource.derived] = Value::Null;
            let answer = submit(tolerated.to_string()).await;
            assert!(answer.status.is_success(), "{method} {path} {}", answer.body);

            let mut derived = resource.document();
            derived["data"]["attributes"][resource.derived] = json!("x");
            let answer = submit(derived.to_string()).await;
            if method == Method::POST {
                let pointer = format!("/data/attributes/{}", resource.derived);
                assert_eq!(
                    error(&answer),
                    (422, "read_only".to_owned(), json!({ "pointer": pointer }))
                );
            } else {
                assert!(answer.status.is_success(), "{method} {path} {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn queries_are_read_by_the_book() {
    let (_server, ann, resources) = world().await;
    for resource in &resources {
        for path in resource.reads() {
            let is_collection = *path == resource.all;
            let mut refused = vec![
                "foo=1".to_owned(),
                "search_per=x".to_owned(),
                "include=nothing".to_owned(),
                "sort=nothing".to_owned(),
                "filter[nope]=1".to_owned(),
                format!("fields[{}]=nothing", resource.r#type),
                "fields[nothing]=id".to_owned(),
                "page[limit]=1".to_owned(),
            ];
            if is_collection {
                refused
                    .extend(["page[number]=0", "page[size]=0", "page[size]=x"].map(str::to_owned));
                for name in resource.filters {
                    refused.push(format!("filter[{name}]=gt:1"));
                    refused.push(format!("filter[{name}]=nothing"));
                }
            } else {
                refused.extend(["page[number]=1", "sort=created_at"].map(str::to_owned));
            }
            for query in refused {
                for query in [query.clone(), query.replace('[', "%5B").replace(']', "%5D")] {
                    let answer = get(&ann, &format!("{path}?{query}")).await;
                    let (status, _, source) = error(&answer);
                    let name =
                        query.split('=').next().unwrap().replace("%5B", "[").replace("%5D", "]");
                    assert_eq!(
                        (status, source),
                        (400, json!({ "parameter": name })),
                        "{path}?{query}"
                    );
                }
            }
            let plain = get(&ann, path).await.expect(200);
            assert!(plain.get("included").is_none());
            for include in resource.includes {
                let answer = get(&ann, &format!("{path}?include={include}")).await.expect(200);
                assert!(answer["included"].is_array(), "{path} {include}");
                assert_eq!(answer["data"], plain["data"]);
            }
            if !resource.includes.is_empty() {
                let answer = get(&ann, &format!("{path}?include=")).await.expect(200);
                assert_eq!(answer["included"], json!([]));
            }
            let only = format!("{path}?fields[{}]=", resource.r#type);
            let bare = get(&ann, &only).await.expect(200);
            let first = if is_collection { &bare["data"][0] } else { &bare["data"] };
            assert_eq!(first["attributes"], json!({}), "{only}");
            if is_collection {
                for sort in resource.sorts {
                    get(&ann, &format!("{path}?sort={sort}")).await.expect(200);
                    get(&ann, &format!("{path}?sort=-{sort}")).await.expect(200);
                }
                let links = plain["links"].as_object().unwrap();
                let names: Vec<&String> = links.keys().collect();
                assert_eq!(names, ["first", "last", "next", "prev", "self"]);
                assert_eq!(ann.get(links["self"].as_str().unwrap()).await.expect(200), plain);
                let count = plain["data"].as_array().unwrap().len();
                assert_eq!(plain["meta"]["total"], count);
            }
        }
    }
}

#[tokio::test]
async fn resources_are_whole() {
    let (_server, ann, resources) = world().await;
    for resource in &resources {
        for path in resource.reads() {
            let answer = get(&ann, path).await.expect(200);
            assert_eq!(answer["jsonapi"], json!({"version": "1.1"}));
            assert!(answer.get("errors").is_none());
            let one = if answer["data"].is_array() { &answer["data"][0] } else { &answer["data"] };
            assert_eq!(one["type"], resource.r#type);
            assert!(uuid::Uuid::try_parse(id(one)).is_ok());
            let own = ann.get(one["links"]["self"].as_str().unwrap()).await.expect(200);
            assert_eq!(own["data"], *one, "its own link leads to it");
            assert!(!one["attributes"].as_object().unwrap().is_empty());
            for include in resource.includes.iter().filter(|include| !include.contains('.')) {
                assert!(one["relationships"][include].get("data").is_some(), "{path} {include}");
            }
        }
    }
}

#[tokio::test]
async fn tokens_decide() {
    let (server, ann, resources) = world().await;
    let service = server.key();
    let mut broken = ann.clone();
    broken.token.push('x');
    for resource in &resources {
        for path in resource.reads() {
            assert_eq!(error(&get(&service, path).await).0, 403);
            let answer = get(&broken, path).await;
            assert!(answer.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
            assert_eq!(error(&answer).0, 401);
        }
    }
    for path in ["/nothing", "/chats/x/y/z", "/users/%FF", ""] {
        assert_eq!(error(&get(&ann, path).await).0, 404, "{path}");
    }
    let wrong = send(ann.request(Method::DELETE, "/api/v1/chats")).await;
    assert_eq!(error(&wrong).0, 405);
    let post = ann.request(Method::POST, "/api/v1/chats").header("Content-Type", MEDIA_TYPE);
    assert_eq!(error(&send(post.body("x".repeat(3_000_000))).await).0, 413);
}
