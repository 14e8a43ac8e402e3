use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use futures::StreamExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

/// A request's body that can be taken back from a handler that did not read all of it.
#[derive(Clone)]
pub(super) struct Unread(Arc<Mutex<Slot>>);

struct Slot {
    body: Option<Incoming>,
    was_asked_for: bool,
}

impl Unread {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(Slot { body: Some(body), was_asked_for: false })))
    }

    /// The unread rest of the body, if any, and whether reading had begun.
    pub(super) fn take(&self) -> Option<(Incoming, bool)> {
        self.with(|slot| {
            let body = slot.body.take().filter(|body| !body.is_end_stream())?;
            Some((body, slot.was_asked_for))
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Slot) -> T) -> T {
        // A panic inside the body's own code leaves nothing worse than an unreadable body.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for Unread {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.with(|slot| {
            slot.was_asked_for = true;
            match &mut slot.body {
                Some(body) => Pin::new(body).poll_frame(cx),
                None => Poll::Ready(None),
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.with(|slot| slot.body.as_ref().is_none_or(Incoming::is_end_stream))
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|slot| slot.body.as_ref().map(Incoming::size_hint).unwrap_or_default())
    }
}

/// Reads and drops a body, up to so many bytes.
pub(super) async fn discard(body: Incoming, size_max: usize) {
    let mut data = Body::new(body).into_data_stream();
    let mut left = size_max;
    while let Some(Ok(bytes)) = data.next().await {
        match left.checked_sub(bytes.len()) {
            Some(fewer) => left = fewer,
            None => return,
        }
    }
}
