use domain::conversation::support::Status;
use serde_json::json;

use super::*;

fn body(value: Value) -> Body {
    Body(Map::from_iter([("x".to_owned(), value)]))
}

fn read(media_type: Option<&str>, text: &str) -> Result<Map<String, Value>, u16> {
    let mut headers = HeaderMap::new();
    if let Some(media_type) = media_type {
        headers.insert(header::CONTENT_TYPE, media_type.parse().unwrap());
    }
    Body::json(&headers, text.as_bytes())
        .map(|body| body.0)
        .map_err(|failure| failure.status.as_u16())
}

#[test]
fn an_empty_body_is_an_empty_object_and_others_are_none() {
    for media_type in [None, Some("application/json"), Some("text/plain")] {
        assert_eq!(read(media_type, " \n"), Ok(Map::new()));
    }
    for (media_type, text) in [
        (Some("application/json"), "{"),
        (Some("application/json"), "[]"),
        (Some("application/json"), "null"),
        (Some("text/plain"), "{}"),
        (None, "a=1"),
    ] {
        assert_eq!(read(media_type, text), Err(400), "{text}");
    }
    assert!(read(Some("Application/JSON; charset=utf-8"), r#"{"a": 1}"#).is_ok());
}

#[test]
fn ids_are_numbers_or_their_digits() {
    for (value, id) in [
        (json!(7), Some(7)),
        (json!("7"), Some(7)),
        (json!(" 7 "), Some(7)),
        (json!(0), Some(0)),
        (json!(""), None),
        (json!(null), None),
        (json!("x"), Some(-1)),
        (json!(7.5), Some(-1)),
        (json!(-7), Some(-1)),
        (json!([7]), Some(-1)),
    ] {
        assert_eq!(body(value.clone()).id("x").map(PublicId::get), id, "{value}");
    }
    for (value, cleared) in [(json!(null), true), (json!(""), true), (json!(0), true)] {
        assert_eq!(body(value).clearable_id("x") == Some(None), cleared);
    }
    assert_eq!(Body::default().clearable_id("x"), None);
    assert_eq!(body(json!("4")).clearable_id("x"), Some(Some(PublicId::new(4))));
}

#[test]
fn times_are_seconds_or_iso() {
    for value in [
        json!(1_750_000_000),
        json!("1750000000"),
        json!("2025-06-15T15:06:40Z"),
        json!("2025-06-15T17:06:40.000+02:00"),
        json!("2025-06-15T15:06:40"),
    ] {
        let time = body(value.clone()).time("x").unwrap().unwrap();
        assert_eq!(time.timestamp(), 1_750_000_000, "{value}");
    }
    assert_eq!(body(json!(null)).time("x").ok(), Some(None));
    for value in [json!("soon"), json!(true), json!(1e300), json!("NaN"), json!("inf")] {
        assert!(body(value.clone()).time("x").is_err(), "{value}");
    }
}

#[test]
fn a_name_is_one_of_those_that_there_are() {
    let status = |value| body(value).one_of("x", Status::ALL, Status::as_str);
    assert_eq!(status(json!("snoozed")).ok(), Some(Some(Status::Snoozed)));
    assert_eq!(status(json!(" ")).ok(), Some(None));
    assert_eq!(status(json!("closed")).unwrap_err().status.as_u16(), 422);
    assert!(status(json!(1)).is_err());
}

#[test]
fn forms_write_objects_and_booleans_as_text() {
    let object = json!({"a": 1});
    for value in [object.clone(), json!(r#"{"a": 1}"#)] {
        assert_eq!(body(value).object("x").ok().flatten().map(Value::from), Some(object.clone()));
    }
    assert!(body(json!("[1]")).object("x").is_err());
    for (value, meant) in [(json!("true"), true), (json!(false), false), (json!("0"), false)] {
        assert_eq!(body(value).boolean("x").ok(), Some(Some(meant)));
    }
    assert!(body(json!("maybe")).boolean("x").is_err());
    assert_eq!(body(json!("text")).attributes("x"), Map::new());
}
