//! Content negotiation according to the specification, with its extension and profile parameters.

use axum::http::{HeaderMap, StatusCode, header};

use super::MEDIA_TYPE;
use crate::edge::failure::{Failure, Source};

/// A media type and its parameters, in lower case and without quotes around values.
struct MediaType {
    essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    fn parse(text: &str) -> Self {
        let mut parts = split(text, ';').into_iter();
        let essence = parts.next().unwrap_or_default().trim().to_lowercase();
        let parameters = parts
            .filter(|part| !part.trim().is_empty())
            .map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                let value = value.trim().trim_matches('"');
                (name.trim().to_lowercase(), value.to_owned())
            })
            .collect();
        Self { essence, parameters }
    }

    /// Whether this is the specification's type without extensions. Profiles are allowed: they may
    /// be ignored.
    fn is_plain(&self) -> bool {
        self.parameters.iter().all(|(name, _)| name == "profile")
    }
}

/// Splits at separators outside quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

/// Refuses bodies of other types, and parameters that change the meaning of the type.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), Failure> {
    let wrong = |why: &str| {
        Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why).at(Source::Header("Content-Type"))
    };
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let given =
        given.ok_or_else(|| wrong("a body needs the Content-Type application/vnd.api+json"))?;
    let media_type = MediaType::parse(given);
    match media_type.essence.as_str() {
        MEDIA_TYPE if media_type.is_plain() => Ok(()),
        MEDIA_TYPE => Err(wrong(
            "application/vnd.api+json takes no parameter but profile here: no extension, no \
             charset",
        )),
        "application/json" => Ok(()),
        _ => Err(wrong("Content-Type must be application/vnd.api+json")),
    }
}

/// Refuses the request if every accepted instance of the specification's type has parameters.
pub(crate) fn check_accept(headers: &HeaderMap) -> Result<(), Failure> {
    let accepted: Vec<MediaType> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| split(value, ','))
        .map(MediaType::parse)
        .filter(|media_type| media_type.essence == MEDIA_TYPE)
        .map(|mut media_type| {
            // The quality value is not a parameter of the type.
            media_type.parameters.retain(|(name, _)| name != "q");
            media_type
        })
        .collect();
    if accepted.is_empty() || accepted.iter().any(MediaType::is_plain) {
        return Ok(());
    }
    let why = "application/vnd.api+json must be accepted without parameters but profile";
    Err(Failure::new(StatusCode::NOT_ACCEPTABLE, why).at(Source::Header("Accept")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_body_is_json_api_or_plain_json() {
        for (value, accepted) in [
            ("application/vnd.api+json", true),
            ("Application/Vnd.Api+Json", true),
            (
                "application/vnd.api+json; profile=\"https://a.example/p; https://b.example/q\"",
                true,
            ),
            ("application/vnd.api+json; charset=utf-8", false),
            ("application/vnd.api+json; ext=\"https://a.example/e\"", false),
            ("application/vnd.api+json; ext=\"\"", false),
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let checked = check_content_type(&headers(header::CONTENT_TYPE, value));
            assert_eq!(checked.is_ok(), accepted, "{value}");
        }
        assert!(check_content_type(&HeaderMap::new()).is_err());
    }

    #[test]
    fn one_plain_instance_is_enough() {
        for (value, accepted) in [
            ("*/*", true),
            ("application/json", true),
            ("text/html", true),
            ("application/vnd.api+json", true),
            ("application/vnd.api+json;q=0.5", true),
            ("application/vnd.api+json; profile=\"https://a.example/p\"", true),
            ("application/vnd.api+json; charset=utf-8", false),
            ("application/vnd.api+json; ext=\"https://a.example/e\", */*", false),
            ("application/vnd.api+json; charset=utf-8, application/vnd.api+json", true),
        ] {
            let checked = check_accept(&headers(header::ACCEPT, value));
            assert_eq!(checked.is_ok(), accepted, "{value}");
        }
        assert!(check_accept(&HeaderMap::new()).is_ok());
    }
}
