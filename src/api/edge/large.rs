//! Large answers hold their slot until they are written or the client has gone.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use projections::AnswerSize;

/// How much was read for the answer to a request; it goes with the request, and every query says
/// so here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answered(Arc<OnceLock<AnswerSize>>);

impl Answered {
    pub(crate) fn set(&self, size: AnswerSize) {
        // A request is read once.
        let _ = self.0.set(size);
    }
}

/// Keeps the room of a large answer together with its bytes.
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

/// Bytes of an answer, and its room: the connection has them until they are written.
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
