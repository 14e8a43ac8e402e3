//! A large answer holds its slot until it is written or the client has gone.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use projections::AnswerSize;

/// How much was read for the answer to a request. Travels in the request's extensions; every query
/// adds to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answered(Arc<OnceLock<AnswerSize>>);

impl Answered {
    pub(crate) fn set(&self, size: AnswerSize) {
        // Set once: a request is read once.
        let _ = self.0.set(size);
    }
}

/// Holds the slot of a large answer for as long as its bytes exist.
pub(crate) async fn keep_room(
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let answered = Answered::default();
    request.extensions_mut().insert(answered.clone());
    let response = next(request).await;
    match answered.0.get().filter(|size| size.is_large()) {
        None => response,
        Some(size) => response.map(|body| Body::new(Large { body, size: size.clone() })),
    }
}

struct Large {
    body: Body,
    size: AnswerSize,
}

/// An answer's bytes with its slot: the connection holds both until the bytes are written.
struct Kept {
    bytes: Bytes,
    _size: AnswerSize,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Large {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let size = self.size.clone();
        let keep = |bytes| Bytes::from_owner(Kept { bytes, _size: size });
        Pin::new(&mut self.body)
            .poll_frame(cx)
            .map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(keep))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
