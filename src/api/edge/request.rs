use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{FromRequest, OriginalUri, Request as HttpRequest};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::IntoResponse;
use bytes::Bytes;
use domain::{AccountId, AccountPosition, Decider, Position};
use event_store::{Context, Idempotency, Keys, Metadata, Outcome, Surface, Together};
use projections::Views;
use uuid::Uuid;

use super::browsers;
use super::caller::{self, Caller};
use super::dialect::Dialect;
use super::failure::Failure;
use super::fair::Place;
use super::in_time::Arrived;
use super::large::Answered;
use super::position::{AnswerPosition, POSITION};
use super::recorded::Recorded;
use super::rejection::{NotCaughtUp, Rejection};
use super::request_id::RequestId;
use super::{multipart, seen};
use crate::Services;

const KEPT_HEADER_LENGTH_MAX: usize = 255;
/// How long a command's answer waits until the read models show its effect: longer than the lease
/// of a killed node, so that the first command after it is late rather than refused.
pub(super) const COMMAND_WAIT: Duration = Duration::from_secs(10);
/// How long a query waits for a position that the caller has seen elsewhere.
const QUERY_WAIT: Duration = Duration::from_secs(2);

/// How far a caller's clock may be ahead of this server's.
pub(crate) const CLOCK_SKEW_MAX: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// A request as handlers receive it: its caller is verified and in the directory, and the read
/// models reflect what the caller has already seen.
pub(crate) struct Request {
    pub(crate) services: Arc<Services>,
    pub(crate) caller: Caller,
    pub(crate) context: Context,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    answer_position: AnswerPosition,
    recorded: Recorded,
    views: Views,
    _place: Place,
}

impl Request {
    /// Reads a request of a dialect.
    pub(crate) async fn read(
        request: HttpRequest,
        services: &Arc<Services>,
        dialect: &Dialect,
    ) -> Result<Self, Rejection> {
        let (parts, body) = request.into_parts();
        if browsers::may_be_a_foreign_form(&parts.method, &parts.headers) {
            return Err(Rejection::ForeignForm);
        }
        let caller = caller::authenticate(services, &parts.headers, dialect.credentials)
            .await
            .map_err(Rejection::Unauthenticated)?;
        if let Some(user) = caller.user() {
            services.live.presence().note(user);
        }
        let mut place = services.fair.admit(&caller).map_err(Rejection::Crowded)?;
        // The URI as the caller wrote it: nested routes see it without their prefix.
        let original = parts.extensions.get::<OriginalUri>().map(|original| original.0.clone());
        let uri = original.unwrap_or_else(|| parts.uri.clone());
        let answer_position =
            parts.extensions.get::<AnswerPosition>().expect("a layer brings it").clone();
        let id =
            parts.extensions.get::<RequestId>().expect("a layer brings it").as_str().to_owned();
        let recorded = parts.extensions.get::<Recorded>().expect("a layer brings it").clone();
        let arrived = parts.extensions.get::<Arrived>().expect("a layer brings it").clone();
        let views = services.views.for_answer(caller.account, dialect.surface);
        if let Some(size) = views.answer_size() {
            let answered = parts.extensions.get::<Answered>().expect("a layer brings it");
            answered.set(size.clone());
        }
        let size = body.size_hint().upper();
        place.make_room(&services.fair, &caller, size).await.map_err(Rejection::Crowded)?;
        let (method, headers) = (parts.method.clone(), parts.headers.clone());
        let body = Bytes::from_request(HttpRequest::from_parts(parts, body), services)
            .await
            .map_err(|rejection| Rejection::Body(rejection.into_response().status()))?;
        arrived.set();
        let mut context = context(&caller, dialect.surface, id, &headers)?;
        context.idempotency = match kept(&headers, "idempotency-key")? {
            None => None,
            Some(key) => {
                let keys = services.commands.log().keys();
                let request_digest = request_digest(keys, &method, &uri, &headers, &body).await;
                let request_digest = request_digest.map_err(Rejection::Digest)?;
                Some(Idempotency { key, request_digest })
            }
        };
        seen::see(services, &caller, &context).await.map_err(Rejection::Seeing)?;
        let services = services.clone();
        let request = Self {
            services,
            caller,
            context,
            uri,
            headers,
            body,
            answer_position,
            recorded,
            views,
            _place: place,
        };
        request.wait_for_what_the_caller_saw().await?;
        request.note_position().await.map_err(Rejection::Views)?;
        if request.context.idempotency.is_some() {
            let Self { recorded, services, context, answer_position, .. } = &request;
            recorded.may_be_before(services, context, answer_position);
        }
        Ok(request)
    }

    pub(crate) fn account(&self) -> AccountId {
        self.caller.account
    }

    pub(crate) fn views(&self) -> &Views {
        &self.views
    }

    /// Runs a command; returns when the read models show its effect.
    pub(crate) async fn execute<A>(
        &self,
        id: A::Id,
        command: A::Command,
    ) -> Result<Outcome, Failure>
    where
        A: Decider,
        A::Refusal: Into<Failure>,
    {
        self.execute_all::<A>(id, vec![command]).await
    }

    /// Runs several commands on one stream, all or none; returns when the read models show their
    /// effect.
    pub(crate) async fn execute_all<A>(
        &self,
        id: A::Id,
        commands: Vec<A::Command>,
    ) -> Result<Outcome, Failure>
    where
        A: Decider,
        A::Refusal: Into<Failure>,
    {
        let runner = &self.services.commands;
        let outcome = runner.execute_all::<A>(id, commands, &self.context).await?;
        self.wait_for(&outcome).await?;
        Ok(outcome)
    }

    /// Runs commands on several streams in one commit, all or none; returns when the read models
    /// show their effect.
    pub(crate) async fn execute_together(
        &self,
        together: Together<Failure>,
    ) -> Result<Outcome, Failure> {
        let outcome = self.services.commands.execute_together(together, &self.context).await?;
        self.wait_for(&outcome).await?;
        Ok(outcome)
    }

    /// Waits until the read models show the effect of the request's command, which is recorded.
    pub(crate) async fn wait_for(&self, outcome: &Outcome) -> Result<(), Failure> {
        self.recorded.set();
        self.wait_for_position(outcome.position).await
    }

    /// Waits until the read models have reached a position of the log.
    pub(crate) async fn wait_for_position(&self, position: Position) -> Result<(), Failure> {
        let progress = self.views().progress();
        if !progress.wait_for(position, COMMAND_WAIT).await {
            return Err(NotCaughtUp::WithCommand.into());
        }
        Ok(self.note_position().await?)
    }

    async fn wait_for_what_the_caller_saw(&self) -> Result<(), Rejection> {
        let Some(seen) = self.headers.get(POSITION) else { return Ok(()) };
        let unreadable = || Rejection::Header("Colloquy-Position", "must be 0 or greater".into());
        let seen = seen.to_str().ok().and_then(|seen| seen.parse().ok());
        let position =
            seen.filter(|seen| *seen >= AccountPosition::START).ok_or_else(unreadable)?;
        let progress = self.views().progress();
        let reached = progress.wait_for_account(self.account(), position, QUERY_WAIT).await;
        match reached.map_err(Rejection::Views)? {
            true => Ok(()),
            false => Err(Rejection::NotCaughtUp(NotCaughtUp::WithCaller)),
        }
    }

    /// Notes on the answer the position that all later reads reflect at least.
    async fn note_position(&self) -> Result<(), projections::Error> {
        let position = self.views().progress().account_position(self.account()).await?;
        self.answer_position.set(position);
        Ok(())
    }
}

/// The value of a header that goes into events or idempotency claims.
fn kept(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Rejection> {
    match headers.get(name).map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) if (1..=KEPT_HEADER_LENGTH_MAX).contains(&text.len()) => {
            Ok(Some(text.to_owned()))
        }
        Some(_) => Err(Rejection::Header(name, "must be 1 to 255 ASCII characters".into())),
    }
}

/// Digest of what is asked for. Of a multipart body only the fields count: clients choose a new
/// boundary each time.
async fn request_digest(
    keys: &Keys,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Vec<u8>, event_store::Error> {
    let uri = uri.to_string();
    let fields = multipart::fields(headers, body).await;
    let mut parts = vec![method.as_str().as_bytes(), uri.as_bytes()];
    match &fields {
        None => parts.push(body),
        Some(fields) => parts
            .extend(fields.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()])),
    }
    keys.request_digest(&parts)
}

fn context(
    caller: &Caller,
    surface: Surface,
    request_id: String,
    headers: &HeaderMap,
) -> Result<Context, Rejection> {
    Ok(Context {
        metadata: Metadata {
            actor: caller.uid.clone(),
            account: caller.account,
            role: caller.role.as_str().to_owned(),
            surface,
            request_id,
            traceparent: kept(headers, "traceparent")?,
            causation_id: None,
            occurred_at: now(),
        },
        idempotency: None,
    })
}

/// A new id for what a request creates.
#[expect(clippy::disallowed_methods, reason = "the edge")]
pub(crate) fn new_id<T: From<Uuid>>() -> T {
    Uuid::now_v7().into()
}

#[expect(clippy::disallowed_methods, reason = "the edge")]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
