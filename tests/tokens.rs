//! Access tokens: which are accepted, how others are refused, and what is taken from their claims.

use std::sync::{Arc, Mutex};

use api::token::{Claims, Role, Rules};
use axum::http::StatusCode;
use domain::AccountId;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Caller, Installation, SECRET, Server, send, wait_until};

fn ann() -> Claims {
    let (sub, name) = ("ann".to_owned(), Some("Ann".to_owned()));
    Claims { sub, exp: 4e9, iat: None, name, account: AccountId::FIRST, role: Role::Member }
}

fn bearer(server: &Server, claims: &Claims) -> Caller {
    let token = api::token::issue(SECRET, claims, &Rules::default()).unwrap();
    server.caller("ann").with_token(&token)
}

pub fn challenges(answer: &Answer) -> Vec<&str> {
    let given = answer.headers.get_all("www-authenticate");
    given.iter().map(|value| value.to_str().unwrap()).collect()
}

/// One list of each dialect, and whether the dialect takes Basic.
pub const LISTS: [(&str, bool); 4] = [
    ("/api/conversations", false),
    ("/api/v1/chats", false),
    ("/v1/conversations", true),
    ("/audit/conversations/68b857ca-e456-565b-b567-9ba2be229109/events", false),
];

#[tokio::test]
async fn every_dialect_says_what_is_wrong_with_a_token() {
    let server = Server::fresh().await;
    let expired = bearer(&server, &Claims { exp: 1.5, ..ann() });
    for (path, takes_basic) in LISTS {
        let basic = takes_basic.then_some(r#"Basic realm="Colloquy", charset="UTF-8""#);
        let none = send(reqwest::Client::new().get(format!("{}{path}", server.url))).await;
        assert_eq!(none.status, 401);
        let challenge = r#"Bearer realm="Colloquy""#;
        assert_eq!(challenges(&none), Vec::from_iter([challenge].into_iter().chain(basic)));
        let refused = expired.get(path).await;
        assert_eq!(refused.status, 401);
        let challenge =
            r#"Bearer realm="Colloquy", error="invalid_token", error_description="expired""#;
        assert_eq!(challenges(&refused), Vec::from_iter([challenge].into_iter().chain(basic)));
        assert!(refused.body.to_string().contains("not taken: expired"), "{}", refused.body);
    }
}

#[tokio::test]
async fn nobody_is_the_system_itself() {
    let installation = Installation::new().await;
    let server = installation.start();
    let sub = || "colloquy".to_owned();
    for role in [Role::Member, Role::Administrator, Role::Service] {
        let answer = bearer(&server, &Claims { sub: sub(), role, ..ann() }).get("/api/user").await;
        assert_eq!(answer.status, 401);
        assert!(challenges(&answer)[0].contains("claim sub reserved"));
    }
    let named = server.key().put_json("/api/users/colloquy", json!({"name": "x"})).await;
    assert_eq!(named.expect(400)["detail"], "uid colloquy is reserved");
    let made = server.key().post("/api/users", json!({"uid": "colloquy"})).await;
    made.expect(400);
    let arguments = ["token", "--jwt-secret", SECRET, "--user", "colloquy"];
    let (status, _, errors) = installation.run(&arguments);
    assert_eq!((status, errors.lines().count()), (Some(2), 1), "{errors}");
}

#[tokio::test]
async fn a_name_locks_nobody_out() {
    let server = Server::fresh().await;
    for (sub, name, shown) in [
        ("long", "ä".repeat(300), "ä".repeat(256)),
        ("blank", "  ".to_owned(), "blank".to_owned()),
        ("empty", String::new(), "empty".to_owned()),
        ("odd", "A\0nn".to_owned(), "odd".to_owned()),
    ] {
        let claims = Claims { sub: sub.to_owned(), name: Some(name), ..ann() };
        let user = bearer(&server, &claims).get("/api/user").await.expect(200);
        assert_eq!(user["display_name"], shown);
    }
    // The host system may write such a name into the directory, too.
    let erin = server.key().put_json("/api/users/erin", json!({"name": " "})).await.expect(200);
    assert_eq!(erin["display_name"], "erin");
}

async fn updates(installation: &Installation) -> i64 {
    sqlx::query_scalar("select count(*) from events where event_type = 'UserUpdated'")
        .fetch_one(&installation.pool().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn whatever_names_tokens_say_one_is_taken_at_most_in_a_minute() {
    let installation = Installation::new().await;
    let server = installation.start();
    let named = |name: &str, role| {
        let name = Some(name.to_owned());
        bearer(&server, &Claims { name, role, ..ann() })
    };
    let callers =
        [named("Ann", Role::Member), named("Anna", Role::Member), named("Ann", Role::Agent)];
    for _ in 0..5 {
        let answers = callers.iter().map(|caller| caller.get("/api/user"));
        for answer in futures::future::join_all(answers).await {
            answer.expect(200);
        }
    }
    assert_eq!(updates(&installation).await, 1);
}

#[tokio::test]
async fn a_name_is_taken_from_a_newer_token_only() {
    let installation = Installation::new().await;
    let server = installation.start();
    let name = async |name: &str, iat: f64| {
        let claims = Claims { name: Some(name.to_owned()), iat: Some(iat), ..ann() };
        bearer(&server, &claims).get("/api/user").await.expect(200)["name"].clone()
    };
    assert_eq!(name("Ann", 1000.0).await, "Ann");
    assert_eq!(name("Old", 999.0).await, "Ann");
    assert_eq!(name("Same", 1000.0).await, "Ann");
    assert_eq!(name("New", 1000.25).await, "New");
    assert_eq!(updates(&installation).await, 1);
}

#[tokio::test]
async fn an_older_token_turns_no_name_back_on_another_node() {
    let installation = Installation::new().await;
    let nodes = [installation.start(), installation.start()];
    let name = async |node: usize, name: &str, iat: f64| {
        let claims = Claims { name: Some(name.to_owned()), iat: Some(iat), ..ann() };
        bearer(&nodes[node], &claims).get("/api/user").await.expect(200)["name"].clone()
    };
    assert_eq!(name(0, "Ann", 1000.0).await, "Ann");
    assert_eq!(name(0, "Anna", 1000.5).await, "Anna");
    assert_eq!(name(1, "Ann", 1000.0).await, "Anna");
    assert_eq!(name(1, "Annie", 1000.75).await, "Annie");
    assert_eq!(updates(&installation).await, 2);
}

#[tokio::test]
async fn audience_issuer_and_names_of_claims_are_configured_and_kept_by_the_verb() {
    let installation = Installation::new().await;
    let arguments = [
        "--jwt-audience",
        "chat",
        "--jwt-issuer",
        "https://id.example",
        "--jwt-account-claim",
        "tenant",
        "--jwt-role-claim",
        "https://x.example/role",
        "--jwt-leeway-s",
        "0",
    ];
    let server = installation.start_with(&arguments);
    let refused = server.caller("ann").get("/api/user").await;
    assert_eq!(refused.status, 401);
    assert!(challenges(&refused)[0].contains(r#"error_description="wrong audience""#));
    let verb = ["token", "--jwt-secret", SECRET, "--user", "adm", "--role", "administrator"];
    let token = installation.done(&[&verb[..], &arguments].concat());
    let caller = server.caller("adm").with_token(token.trim());
    assert_eq!(caller.get("/api/user").await.expect(200)["is_admin"], true);
}

#[tokio::test]
async fn a_value_that_cannot_be_used_is_named_also_an_empty_one() {
    let installation = Installation::new().await;
    for (flag, value, variable) in [
        ("--jwt-audience", "", "COLLOQUY_JWT_AUDIENCE"),
        ("--jwt-issuer", " ", "COLLOQUY_JWT_ISSUER"),
        ("--jwt-account-claim", "", "COLLOQUY_JWT_ACCOUNT_CLAIM"),
        ("--jwt-account-claim", "sub", "COLLOQUY_JWT_ACCOUNT_CLAIM"),
        ("--jwt-role-claim", "", "COLLOQUY_JWT_ROLE_CLAIM"),
        ("--jwt-role-claim", "account", "COLLOQUY_JWT_ROLE_CLAIM"),
        ("--jwt-leeway-s", "", "COLLOQUY_JWT_LEEWAY_S"),
        ("--jwt-leeway-s", "601", "COLLOQUY_JWT_LEEWAY_S"),
        ("--jwt-leeway-s", "a while", "COLLOQUY_JWT_LEEWAY_S"),
        ("--jwt-public-key", "", "COLLOQUY_JWT_PUBLIC_KEY"),
        ("--jwks-url", "", "COLLOQUY_JWKS_URL"),
    ] {
        for (status, _, errors) in [
            installation.run(&["config", flag, value]),
            installation.run_with(&["config"], &[(variable, value)]),
        ] {
            assert_eq!((status, errors.lines().count()), (Some(2), 1), "{errors}");
            assert!(errors.starts_with(&format!("colloquy: {variable} is ")), "{errors}");
        }
    }
    let printed = installation.done(&["config", "--format", "csv", "--jwt-audience", "chat"]);
    for line in [
        "COLLOQUY_JWT_AUDIENCE,chat",
        "COLLOQUY_JWT_ISSUER,(unset: not looked at)",
        "COLLOQUY_JWT_ACCOUNT_CLAIM,account",
        "COLLOQUY_JWT_ROLE_CLAIM,role",
        "COLLOQUY_JWT_LEEWAY_S,30",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
}

/// A token of user `ann`, valid until the year 2096, signed with the key below.
const PROVIDERS_TOKEN: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6Im9uZSJ9\
    .eyJzdWIiOiJhbm4iLCJleHAiOjQwMDAwMDAwMDB9\
    .542gPxJ1zQfGoKEtSShruRnvSfKQyeWZn_dV6oAx9BaqkDhu0FRGSOdTulyeqhOCXT3-uMxFLxLbI9_tQMjOAg";
const PROVIDERS_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one",
    "x":"z5STuVi8A6EVvCTJsD0xLCHIjQyfDD5-2Ky7B6jNEH0"}]}"#;

/// A server that gives this answer at `/keys`; returns its address.
async fn provider(answer: &Arc<Mutex<(StatusCode, &'static str)>>) -> String {
    let given = answer.clone();
    let keys = axum::routing::get(async move || *given.lock().unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/keys", keys);
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn an_identity_provider_is_asked_through_the_proxy_of_the_environment() {
    let proxy = provider(&Arc::new(Mutex::new((StatusCode::OK, PROVIDERS_KEYS)))).await;
    let server = Installation::new().await.start_with_variables(&[
        ("COLLOQUY_JWKS_URL", "http://provider.invalid/keys"),
        ("HTTP_PROXY", &proxy),
        ("NO_PROXY", ""),
    ]);
    let ann = server.caller("ann").with_token(PROVIDERS_TOKEN);
    wait_until("its keys are known", async || ann.get("/api/user").await.status == 200).await;
}

#[tokio::test]
async fn an_identity_provider_may_come_late() {
    let answer = Arc::new(Mutex::new((StatusCode::BAD_GATEWAY, "")));
    let url = provider(&answer).await + "/keys";
    let server = Installation::new().await.start_with(&["--jwks-url", &url]);
    let ann = server.caller("ann").with_token(PROVIDERS_TOKEN);
    let early = send(ann.request(Method::GET, "/api/user")).await;
    assert_eq!(
        (early.status.as_u16(), &early.headers["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    *answer.lock().unwrap() = (StatusCode::OK, PROVIDERS_KEYS);
    wait_until("its keys are known", async || ann.get("/api/user").await.status == 200).await;
    let other = ann.with_token(&PROVIDERS_TOKEN.replace("QSIs", "QTIs"));
    assert_eq!(other.get("/api/user").await.status, 401);
}
