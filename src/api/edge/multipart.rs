use std::convert::Infallible;

use axum::http::{HeaderMap, header};
use bytes::Bytes;

use super::failure::Failure;

/// The fields of a multipart body, in order.
pub(crate) async fn read(media_type: &str, body: Bytes) -> Result<Vec<(String, String)>, Failure> {
    let unreadable = |error: multer::Error| {
        Failure::bad_request(format!("the body is not multipart/form-data: {error}"))
    };
    let boundary = multer::parse_boundary(media_type).map_err(unreadable)?;
    let body = futures::stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = multer::Multipart::new(body, boundary);
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() {
            return Err(Failure::bad_request(format!("{name} must be a field and not a file")));
        }
        pairs.push((name, part.text().await.map_err(unreadable)?));
    }
    Ok(pairs)
}

/// As [`read`], or `None` if the body is of another type or cannot be parsed.
pub(crate) async fn fields(headers: &HeaderMap, body: &Bytes) -> Option<Vec<(String, String)>> {
    let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    read(media_type, body.clone()).await.ok()
}
