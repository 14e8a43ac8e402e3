use chrono::{DateTime, Utc};
use domain::AccountId;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::authenticator::Keys;
use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const FAR: i64 = 4_000_000_000;
const NOW_S: i64 = 1_750_000_000;

fn now() -> DateTime<Utc> {
    at(NOW_S)
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn sign(header: &Header, claims: &Value) -> String {
    signatures::use_ring();
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

fn authenticator() -> Authenticator {
    Authenticator::hs256(SECRET, Rules::default()).unwrap()
}

async fn judged_by(rules: &Rules, claims: Value) -> Result<Claims, Refusal> {
    let token = sign(&Header::new(Algorithm::HS256), &claims);
    Authenticator::hs256(SECRET, rules.clone()).unwrap().verify(&token, now()).await
}

/// Verifies a token of Ann's with these further claims.
async fn judged(mut claims: Value) -> Result<Claims, Refusal> {
    let given = claims.as_object_mut().unwrap();
    given.entry("sub").or_insert(json!("ann"));
    given.entry("exp").or_insert(json!(FAR));
    judged_by(&Rules::default(), claims).await
}

fn claims_of(sub: &str, exp: i64) -> Claims {
    let (iat, name, role) = (None, None, Role::Member);
    Claims { sub: sub.to_owned(), exp: exp as f64, iat, name, account: AccountId::FIRST, role }
}

fn token_of(sub: &str, exp: i64) -> String {
    issue(SECRET, &claims_of(sub, exp), &Rules::default()).unwrap()
}

fn remembered(authenticator: &Authenticator) -> usize {
    authenticator.remembered.len()
}

#[tokio::test]
async fn a_token_runs_out_after_the_leeway_to_the_second_also_when_it_is_remembered() {
    let authenticator = authenticator();
    let token = token_of("ann", NOW_S + 20);
    for (after_s, good) in [(0, true), (49, true), (50, false), (51, false)] {
        let verified = authenticator.verify(&token, at(NOW_S + after_s)).await;
        assert_eq!(verified.err(), (!good).then_some(Refusal::Expired), "after {after_s} s");
    }
    let strict = Rules { leeway_s: 0, ..Rules::default() };
    let strict = Authenticator::hs256(SECRET, strict).unwrap();
    assert_eq!(strict.verify(&token, at(NOW_S + 20)).await, Err(Refusal::Expired));
    assert!(strict.verify(&token, at(NOW_S + 19)).await.is_ok());
}

#[tokio::test]
async fn a_token_begins_to_be_good_the_leeway_before_its_nbf() {
    for (nbf, good) in [(NOW_S - 1, true), (NOW_S + 30, true), (NOW_S + 31, false)] {
        let judged = judged(json!({"nbf": nbf})).await;
        assert_eq!(judged.err(), (!good).then_some(Refusal::NotYetValid), "{nbf}");
    }
}

#[tokio::test]
async fn times_may_have_a_fraction() {
    let late = NOW_S as f64 - 29.5;
    let claims = judged(json!({"exp": late, "nbf": late - 0.25, "iat": late - 0.5})).await.unwrap();
    assert_eq!((claims.exp, claims.iat), (late, Some(late - 0.5)));
    assert_eq!(judged(json!({"exp": NOW_S as f64 - 30.5})).await, Err(Refusal::Expired));
    assert_eq!(judged(json!({"nbf": NOW_S as f64 + 30.5})).await, Err(Refusal::NotYetValid));
}

#[tokio::test]
async fn no_token_counts_as_issued_later_than_now() {
    let iat = async |iat: Value| judged(json!({ "iat": iat })).await.unwrap().iat;
    assert_eq!(iat(json!(NOW_S + 100)).await, Some(NOW_S as f64));
    assert_eq!(iat(json!("yesterday")).await, None);
}

#[tokio::test]
async fn audience_and_issuer_are_looked_at_where_they_are_configured() {
    let (audience, issuer) = (Some("chat".to_owned()), Some("https://id.example".to_owned()));
    let rules = Rules { audience, issuer, ..Rules::default() };
    for (aud, iss, expected) in [
        (json!("chat"), json!("https://id.example"), None),
        (json!(["mail", "chat"]), json!("https://id.example"), None),
        (json!("Chat"), json!("https://id.example"), Some(Refusal::Audience)),
        (json!(["mail"]), json!("https://id.example"), Some(Refusal::Audience)),
        (json!(null), json!("https://id.example"), Some(Refusal::Audience)),
        (json!("chat"), json!("https://id.example/"), Some(Refusal::Issuer)),
        (json!("chat"), json!(["https://id.example"]), Some(Refusal::Issuer)),
    ] {
        let claims = json!({"sub": "ann", "exp": FAR, "aud": aud, "iss": iss});
        assert_eq!(judged_by(&rules, claims).await.err(), expected, "{aud} {iss}");
        assert!(judged(json!({"aud": aud, "iss": iss})).await.is_ok(), "not looked at");
    }
    let without = judged_by(&rules, json!({"sub": "ann", "exp": FAR})).await;
    assert_eq!(without, Err(Refusal::Audience));
    let own = issue(SECRET, &claims_of("ann", FAR), &rules).unwrap();
    let authenticator = Authenticator::hs256(SECRET, rules).unwrap();
    assert!(authenticator.verify(&own, now()).await.is_ok());
}

#[tokio::test]
async fn account_and_role_may_have_other_names() {
    let (account_claim, role_claim) = ("tenant".to_owned(), "https://x.example/role".to_owned());
    let rules = Rules { account_claim, role_claim, ..Rules::default() };
    let claims = json!({"sub": "ann", "exp": FAR, "tenant": 7, "https://x.example/role": "agent",
        "account": "x", "role": "x"});
    let judged = judged_by(&rules, claims).await.unwrap();
    assert_eq!((judged.account.get(), judged.role), (7, Role::Agent));
    let refused = judged_by(&rules, json!({"sub": "ann", "exp": FAR, "tenant": "7"})).await;
    assert_eq!(refused, Err(Refusal::Claim("tenant".into())));
    let issued = issue(SECRET, &judged, &rules).unwrap();
    let authenticator = Authenticator::hs256(SECRET, rules).unwrap();
    assert_eq!(authenticator.verify(&issued, now()).await, Ok(judged));
}

#[tokio::test]
async fn account_and_role_have_defaults() {
    let claims = judged(json!({})).await.unwrap();
    assert_eq!((claims.account, claims.role), (AccountId::FIRST, Role::Member));
}

#[tokio::test]
async fn claims_that_cannot_be_used_are_named() {
    for (claims, name) in [
        (json!({"sub": ""}), "sub"),
        (json!({"sub": " "}), "sub"),
        (json!({"sub": 1}), "sub"),
        (json!({"sub": "a\0"}), "sub"),
        (json!({"sub": "x".repeat(257)}), "sub"),
        (json!({"exp": "tomorrow"}), "exp"),
        (json!({"exp": null}), "exp"),
        (json!({"nbf": "tomorrow"}), "nbf"),
        (json!({"account": "1"}), "account"),
        (json!({"account": 1.5}), "account"),
        (json!({"role": "king"}), "role"),
        (json!({"role": null}), "role"),
    ] {
        let refused = judged(claims.clone()).await;
        assert_eq!(refused, Err(Refusal::Claim(name.into())), "{claims}");
    }
    for (claims, name) in [(json!({"sub": "ann"}), "exp"), (json!({"exp": FAR}), "sub")] {
        let refused = judged_by(&Rules::default(), claims).await;
        assert_eq!(refused, Err(Refusal::Claim(name.into())));
    }
}

#[tokio::test]
async fn nobody_is_named_like_the_system_itself() {
    for role in ["member", "service"] {
        let refused = judged(json!({"sub": "colloquy", "role": role})).await;
        assert_eq!(refused, Err(Refusal::UidReserved));
    }
}

#[tokio::test]
async fn a_name_locks_nobody_out() {
    let name = async |name: Value| judged(json!({ "name": name })).await.unwrap().name;
    assert_eq!(name(json!("Änn")).await.as_deref(), Some("Änn"));
    assert_eq!(name(json!("ä".repeat(1000))).await, Some("ä".repeat(256)));
    for none in [json!(""), json!(" \t"), json!("A\0nn"), json!(null), json!(5)] {
        assert_eq!(name(none.clone()).await, None, "{none}");
    }
}

#[tokio::test]
async fn a_token_with_something_critical_is_refused() {
    let claims = json!({"sub": "ann", "exp": FAR, "b64": true});
    for crit in [vec!["b64".to_owned()], vec![]] {
        let header = Header { crit: Some(crit), ..Header::new(Algorithm::HS256) };
        let refused = authenticator().verify(&sign(&header, &claims), now()).await;
        assert_eq!(refused, Err(Refusal::Critical));
    }
}

#[tokio::test]
async fn another_secret_and_no_algorithm_are_refused() {
    let claims = claims_of("ann", FAR);
    let other = issue("another-secret-another-secret-32", &claims, &Rules::default()).unwrap();
    let authenticator = authenticator();
    assert_eq!(authenticator.verify(&other, now()).await, Err(Refusal::Signature));
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjQwMDAwMDAwMDB9.";
    assert_eq!(authenticator.verify(unsigned, now()).await, Err(Refusal::Malformed));
    let longer = sign(&Header::new(Algorithm::HS512), &json!({"sub": "ann", "exp": FAR}));
    assert_eq!(authenticator.verify(&longer, now()).await, Err(Refusal::Signature));
    // A caller who cannot sign learns nothing about the expected claims.
    let expired =
        issue("another-secret-another-secret-32", &claims_of("ann", 1), &Rules::default());
    assert_eq!(authenticator.verify(&expired.unwrap(), now()).await, Err(Refusal::Signature));
    assert!(authenticator.verify(&token_of("ann", FAR), now()).await.is_ok());
}

/// With keys and tokens that OpenSSL made.
#[tokio::test]
async fn keys_of_identity_providers_verify_what_they_signed_and_nothing_else() {
    let signed: Value = serde_json::from_str(include_str!("signed_tokens.json")).unwrap();
    let signed = signed.as_object().unwrap();
    let token = |algorithm: &str| signed[algorithm]["token"].as_str().unwrap();
    for (algorithm, made) in signed {
        let pem = made["pem"].as_str().unwrap();
        let set = json!({ "keys": [made["jwk"]] }).to_string();
        let (_, key) = keys::parse(set.as_bytes()).unwrap().into_iter().next().unwrap();
        for authenticator in [
            Authenticator::from_public_key_pem(pem, Rules::default()).unwrap(),
            Authenticator::new(Keys::One(key), Rules::default(), 10),
        ] {
            let judged = authenticator.verify(token(algorithm), now()).await;
            assert_eq!(judged.unwrap().sub, "ann", "{algorithm}");
            let (head, signature) = token(algorithm).rsplit_once('.').unwrap();
            let altered = signature.replacen(&signature[9..10], "_", 1);
            assert_ne!(altered, signature);
            let cut = &signature[..(signature.len() / 4 - 2) * 4];
            for forged in [&altered, cut, ""] {
                let forged = format!("{head}.{forged}");
                let refused = authenticator.verify(&forged, now()).await;
                assert_eq!(refused, Err(Refusal::Signature), "{algorithm}: {forged}");
            }
            // Using a public key as an HMAC secret must not work.
            let key = EncodingKey::from_secret(pem.as_bytes());
            let claims = json!({"sub": "ann", "exp": FAR});
            let own = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
            let others = signed.keys().filter(|other| *other != algorithm);
            for other in others.map(|other| token(other).to_owned()).chain([own.unwrap()]) {
                let refused = authenticator.verify(&other, now()).await;
                assert_eq!(refused, Err(Refusal::Signature), "{algorithm}: {other}");
            }
        }
    }
}

#[tokio::test]
async fn a_good_token_is_remembered_and_a_bad_one_never() {
    let authenticator = authenticator();
    let good = token_of("ann", FAR);
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    for bad in [&forged, &token_of("ann", NOW_S - 31), &token_of("", FAR), "not a token"] {
        for _ in 0..2 {
            assert!(authenticator.verify(bad, now()).await.is_err(), "{bad}");
        }
    }
    assert_eq!(remembered(&authenticator), 0);
    let first = authenticator.verify(&good, now()).await;
    assert_eq!(remembered(&authenticator), 1);
    assert_eq!(authenticator.verify(&good, now()).await, first);
    assert_eq!(authenticator.verify(&forged, now()).await, Err(Refusal::Signature));
}

#[tokio::test]
async fn no_more_tokens_are_remembered_than_there_is_room_for() {
    let Authenticator { keys, .. } = authenticator();
    let authenticator = Authenticator::new(keys, Rules::default(), 10);
    for user in 0..100 {
        let token = token_of(&format!("user-{user}"), FAR);
        assert!(authenticator.verify(&token, now()).await.is_ok());
    }
    assert!((1..=10).contains(&remembered(&authenticator)));
}
