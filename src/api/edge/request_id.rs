use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::request::new_id;

/// The header that carries a request's id, which is also in the log lines and in its events.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LENGTH_MAX: usize = 128;

/// The caller's own id for a request, or a new one if that is missing or unfit for a log.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let is_fit = |id: &&HeaderValue| {
            let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
            (1..=LENGTH_MAX).contains(&id.len()) && id.as_bytes().iter().all(printable)
        };
        let given = headers.get(REQUEST_ID).filter(is_fit).cloned();
        Self(given.unwrap_or_else(|| {
            HeaderValue::try_from(new_id::<Uuid>().to_string()).expect("a UUID is ASCII")
        }))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().expect("printable ASCII, as it was made")
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(given).unwrap());
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_caller_s_id_is_kept_if_it_is_short_and_printable() {
        let longest = "x".repeat(128);
        for given in ["7", "job 7/step-3", &longest] {
            assert_eq!(of(given.as_bytes()), given);
        }
        for given in [&b""[..], b"a\tb", "é".as_bytes(), &[b'x'; 129]] {
            assert_eq!(of(given).parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
        }
    }
}
