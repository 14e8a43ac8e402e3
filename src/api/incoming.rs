use std::borrow::Cow;
use std::time::Duration;

use axum::extract::{FromRequest, OriginalUri};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use bytes::Bytes;
use event_store::{Context, Idempotency, Metadata, Surface};
use projections::{conversation_list, directory, inbox, messages};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::State;
use crate::caller::{self, Caller};

pub(crate) const POSITION: &str = "colloquy-position";
const KEPT_HEADER_LENGTH_MAX: usize = 255;
/// How long an answer waits for the read models that it is made from: longer than the lease of a node that was
/// killed, so that the first command after it is late and not refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// The read models that conversations and messages are shown from.
pub(crate) const SHOWN: &[&str] =
    &[conversation_list::NAME, inbox::NAME, messages::NAME, directory::NAME];

/// How far ahead of this server's clock a caller's may be.
pub(crate) const CLOCK_SKEW_MAX: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// A request, as every handler gets it: from a verified caller, who is in the directory.
pub(crate) struct Incoming {
    pub(crate) state: State,
    pub(crate) caller: Caller,
    pub(crate) context: Context,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no [`Incoming`], for the dialect to put into words.
pub(crate) enum Rejection {
    Unauthenticated,
    /// A header that cannot be used.
    Header(&'static str, Cow<'static, str>),
    /// The body did not arrive, or is too large.
    Body(StatusCode),
    Seeing(event_store::CommandError<domain::user::Refusal>),
}

/// A read model did not come up to a position in time.
#[derive(Debug)]
pub(crate) struct Behind(pub(crate) i64);

impl Incoming {
    /// Reads a request of a dialect.
    pub(crate) async fn read(
        request: axum::extract::Request,
        state: &State,
        surface: Surface,
    ) -> Result<Self, Rejection> {
        let (parts, body) = request.into_parts();
        let caller = caller::authenticate(state, &parts.headers, surface)
            .await
            .ok_or(Rejection::Unauthenticated)?;
        // As the caller wrote it: routes under a prefix see the rest alone.
        let original = parts.extensions.get::<OriginalUri>().map(|original| original.0.clone());
        let uri = original.unwrap_or_else(|| parts.uri.clone());
        let (method, headers) = (parts.method.clone(), parts.headers.clone());
        let body = Bytes::from_request(axum::extract::Request::from_parts(parts, body), state)
            .await
            .map_err(|rejection| {
                use axum::response::IntoResponse;
                Rejection::Body(rejection.into_response().status())
            })?;
        let context = context(&caller, surface, &method, &uri, &headers, &body)?;
        caller::see(state, &caller, &context).await.map_err(Rejection::Seeing)?;
        Ok(Self { state: state.clone(), caller, context, uri, headers, body })
    }

    /// Waits until the named read models reflect what the caller has seen already, and tells what the answer
    /// will reflect.
    pub(crate) async fn catch_up(&self, names: &[&'static str]) -> Result<i64, Behind> {
        let seen = self.headers.get(POSITION).and_then(|value| value.to_str().ok()?.parse().ok());
        if let Some(position) = seen {
            self.settled(names, position).await?;
        }
        Ok(self.state.progress.least(names))
    }

    /// Waits until the named read models have reached a position.
    pub(crate) async fn settled(
        &self,
        names: &[&'static str],
        position: i64,
    ) -> Result<i64, Behind> {
        if self.state.progress.reached(names, position, PATIENCE).await {
            Ok(self.state.progress.least(names))
        } else {
            Err(Behind(position))
        }
    }
}

fn context(
    caller: &Caller,
    surface: Surface,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Context, Rejection> {
    let kept = |name: &'static str| match headers.get(name).map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) if (1..=KEPT_HEADER_LENGTH_MAX).contains(&text.len()) => {
            Ok(Some(text.to_owned()))
        }
        Some(_) => Err(Rejection::Header(name, "must be 1 to 255 ASCII characters".into())),
    };
    let idempotency = kept("idempotency-key")?.map(|key| {
        let mut digest = Sha256::new();
        for part in [method.as_str().as_bytes(), uri.to_string().as_bytes(), body] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Idempotency { key, request_digest: digest.finalize().to_vec() }
    });
    Ok(Context {
        metadata: Metadata {
            actor: caller.uid.clone(),
            account: caller.account,
            role: caller.role.as_str().to_owned(),
            surface,
            request_id: kept("x-request-id")?.unwrap_or_else(|| new_id().to_string()),
            traceparent: kept("traceparent")?,
            causation_id: None,
            occurred_at: now(),
        },
        idempotency,
    })
}

/// An id for what a request makes.
#[expect(clippy::disallowed_methods, reason = "the edge")]
pub(crate) fn new_id() -> Uuid {
    Uuid::now_v7()
}

#[expect(clippy::disallowed_methods, reason = "the edge")]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
