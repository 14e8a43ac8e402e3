use reqwest::Method;
use serde_json::json;

use super::{chat, pair, path};
use crate::harness::{Server, send};

#[tokio::test]
async fn every_error_has_the_shape() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    let key = server.key();
    let text = |method, path: &str| {
        ann.request(method, path).header("Content-Type", "text/plain").body("x")
    };
    for (request, status) in [
        (ann.request(Method::GET, "/v1/conversations?limit=x"), 400),
        (reqwest::Client::new().get(format!("{}/v1/groups", server.url)), 401),
        (key.request(Method::GET, "/v1/conversations"), 403),
        (ann.request(Method::GET, "/v1/conversations/x"), 404),
        (ann.request(Method::GET, "/v1/nothing/at/all"), 404),
        (ann.request(Method::GET, "/v1"), 404),
        (ann.request(Method::GET, "/v1/conversations/%FF"), 404),
        (ann.request(Method::PATCH, &path(&made)), 405),
        (text(Method::POST, "/v1/conversations"), 415),
        (text(Method::PUT, &path(&made)), 415),
        (ann.request(Method::POST, "/v1/messages").body("x".repeat(3_000_000)), 413),
    ] {
        let answer = send(request).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        if status == 405 {
            let allow = answer.headers["allow"].to_str().unwrap();
            assert!(
                ["GET", "PUT", "DELETE"].iter().all(|method| allow.contains(method)),
                "{allow}"
            );
        }
        let error = answer.expect(status);
        assert_eq!(error.as_object().unwrap().len(), 3, "{error}");
        assert_eq!(error["type"], "invalid_request");
        assert!(!error["message"].as_str().unwrap().is_empty());
        let documentation = format!("{}/docs#errors-invalid_request", server.url);
        assert_eq!(error["documentation_url"], documentation);
    }
    let docs = reqwest::get(format!("{}/docs", server.url)).await.unwrap().text().await.unwrap();
    for anchor in ["id=\"errors-invalid_request\"", "id=\"errors-api_error\""] {
        assert!(docs.contains(anchor), "{anchor}");
    }
}

#[tokio::test]
async fn the_token_may_be_a_bearer_or_the_password_of_basic() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    let client = reqwest::Client::new();
    let get = || client.get(format!("{}/v1/conversations", server.url));
    for request in [
        get().bearer_auth(&ann.token),
        get().basic_auth("", Some(&ann.token)),
        get().basic_auth("whoever", Some(&ann.token)),
    ] {
        send(request).await.expect(200);
    }
    for request in [
        get(),
        get().bearer_auth("x"),
        get().basic_auth(&ann.token, Some("")),
        get().basic_auth(&ann.token, None::<&str>),
        get().header("Authorization", "Basic %%%"),
        get().header("Authorization", format!("Digest {}", ann.token)),
    ] {
        let answer = send(request).await;
        assert_eq!(answer.headers.get_all("www-authenticate").iter().count(), 2);
        assert_eq!(answer.expect(401)["type"], "invalid_request");
    }
}

#[tokio::test]
async fn bodies_and_types_of_get_and_delete_are_ignored() {
    let server = Server::fresh().await;
    let (ann, _) = pair(&server).await;
    let made = chat(&ann, "bob").await;
    for method in [Method::GET, Method::DELETE] {
        let request = ann.request(method, &path(&made));
        let answer = send(request.header("Content-Type", "text/plain").body("x")).await;
        assert!(answer.status.is_success());
    }
}

#[tokio::test]
async fn a_failure_of_ours_is_named_as_such() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    ann.arrive().await;
    let request = ann.request(Method::GET, "/v1/conversations");
    let behind = send(request.header("Colloquy-Position", "1000000")).await;
    assert_eq!(behind.headers["retry-after"], "1");
    let error = behind.expect(503);
    assert_eq!(error["type"], json!("api_error"));
    assert!(error["documentation_url"].as_str().unwrap().ends_with("/docs#errors-api_error"));
}
