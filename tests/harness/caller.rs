use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{described, discretion};

/// A caller with a token.
#[derive(Clone)]
pub struct Caller {
    url: String,
    pub token: String,
    client: reqwest::Client,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }
}

impl Caller {
    pub fn new(url: &str, token: &str, client: &reqwest::Client) -> Self {
        discretion::note(token);
        Self { url: url.to_owned(), token: token.to_owned(), client: client.clone() }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self::new(&self.url, token, &self.client)
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn put(&self, path: &str) -> Answer {
        send(self.request(Method::PUT, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put_json(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn form(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
        send(self.request(method, path).form(fields)).await
    }
}

/// Sends a request. The answer has to match the API description, and what is in the request's body
/// must not appear in the log.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    discretion::note_body(&request);
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let answer = Answer { status, headers, body };
    described::check(&method, &path, &answer);
    answer
}
