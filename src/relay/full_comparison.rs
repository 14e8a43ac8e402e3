//! Compares the whole stream with the log, message by message.

use std::collections::BTreeMap;

use async_nats::Client;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Config, DirectGetErrorKind, Info, Stream};
use event_store::{Budget, Log, LogEvent, Position, RecordedEvent};
use futures::{StreamExt, TryStreamExt};

use crate::comparison::{get, message_at};
use crate::{Error, Finding, Settings, comparison, connection, finding, message};

/// Most differences reported; the comparison ends there.
const DIFFERENCES_MAX: usize = 10;
/// Most events in a batch.
const BATCH: usize = 500;
/// Messages that are requested at once.
const ASKED_AT_ONCE: usize = 128;

/// The result of comparing the whole stream.
#[derive(Debug)]
pub struct Whole {
    /// Position of the stream's oldest message; the limits have dropped those before it.
    pub first: Position,
    /// The stream's last sequence.
    pub last: Position,
    /// The log's newest position.
    pub head: Position,
    /// Messages that are missing because they were erased.
    pub erased: i64,
    /// Messages that were erased, but are in the stream again, or still.
    pub not_erased: Vec<Position>,
    /// The first differences from the log, ascending.
    pub differences: Vec<Finding>,
    /// Settings with which the stream would diverge from the log.
    pub settings: Vec<Finding>,
    pub(crate) info: Info,
}

impl Whole {
    /// Whether there is nothing to repair but what a relay does by itself.
    pub fn is_right(&self) -> bool {
        self.differences.is_empty() && self.settings.is_empty() && self.not_erased.is_empty()
    }

    /// The first position that is wrong.
    pub(crate) fn wrong(&self) -> Option<Position> {
        self.differences.iter().filter_map(Finding::position).min()
    }
}

/// Compares every message with its event and reports progress as (messages compared, messages in
/// total). `None` if there is no stream.
///
/// # Errors
/// When the stream or the log cannot be read, or the stream was recreated meanwhile.
pub async fn check_all(
    client: &Client,
    settings: &Settings,
    log: &Log,
    mut progressed: impl FnMut(i64, i64),
) -> Result<Option<Whole>, Error> {
    let jetstream = connection::jetstream(client.clone());
    let Some(stream) = get(&jetstream, &settings.stream).await? else { return Ok(None) };
    let comparing = Comparing { stream: &stream, settings, log };
    let whole = comparing.run(&mut progressed).await?;
    let now = stream.get_info().await.map_err(|error| Error::Stream(error.into()))?;
    if now.created == stream.cached_info().created { Ok(Some(whole)) } else { Err(Error::Replaced) }
}

struct Comparing<'a> {
    stream: &'a Stream,
    settings: &'a Settings,
    log: &'a Log,
}

impl Comparing<'_> {
    async fn run(&self, progressed: &mut impl FnMut(i64, i64)) -> Result<Whole, Error> {
        let info = self.stream.cached_info();
        let (first, last) = comparison::ends(info);
        let mut whole = Whole {
            first: first.max(Position::new(1)),
            last,
            head: self.log.head().await?,
            erased: 0,
            not_erased: vec![],
            differences: vec![],
            settings: finding::settings(&info.config, self.settings),
            info: info.clone(),
        };
        whole.differences.extend(self.purged(info).await?);
        let mut position = whole.first - 1;
        while position < last.min(whole.head) && whole.differences.len() < DIFFERENCES_MAX {
            let events_max = BATCH.min((last.min(whole.head) - position) as usize);
            let budget = Budget { events_max, ..Budget::default() };
            let events = self.log.tail().read(position, budget).await?;
            let Some(newest) = events.last() else { break };
            let to = newest.recorded.position;
            let erasures = self.erasures(position, to).await?;
            let messages = events.iter().map(|event| self.message(event.recorded.position));
            let mut messages = futures::stream::iter(messages).buffered(ASKED_AT_ONCE);
            for LogEvent { recorded: event, .. } in events.iter().map(AsRef::as_ref) {
                let Some(message) = messages.try_next().await? else { break };
                let erasure = erasures.get(&event.position).copied();
                self.compare(event, message, erasure, &mut whole).await?;
            }
            position = to;
            progressed(position - whole.first + 1, last - whole.first + 1);
        }
        if last > whole.head && whole.differences.len() < DIFFERENCES_MAX {
            whole.differences.push(Finding::Ahead { last, head: whole.head });
        }
        whole.differences.truncate(DIFFERENCES_MAX);
        Ok(whole)
    }

    async fn compare(
        &self,
        event: &RecordedEvent,
        message: Option<StreamMessage>,
        erasure: Option<Erased>,
        whole: &mut Whole,
    ) -> Result<(), Error> {
        let position = event.position;
        // The replica that answered may lag, so the leader is asked too.
        let message = match message {
            None if erasure.is_none() => message_at(self.stream, position.get()).await?,
            message => message,
        };
        match (message, erasure) {
            (None, Some(_)) => whole.erased += 1,
            (None, None) => {
                if !self.may_be_missing(position).await? {
                    whole.differences.push(Finding::Missing { position });
                }
            }
            (Some(message), _) if !is_of(&message, event, &self.settings.subject_prefix) => {
                whole.differences.push(Finding::Foreign { position });
            }
            // The content of a message that is to be erased does not matter.
            (Some(_), Some(Erased::Noted)) => {
                if message_at(self.stream, position.get()).await?.is_some() {
                    whole.not_erased.push(position);
                }
            }
            (Some(_), Some(Erased::Due)) => whole.not_erased.push(position),
            (Some(message), None) => {
                if !message::tells(&message.payload, event)
                    && !self.may_be_missing(position).await?
                {
                    whole.differences.push(Finding::Changed { position });
                }
            }
        }
        Ok(())
    }

    /// The oldest event that was purged, if the stream has no limits: then it drops nothing by
    /// itself.
    async fn purged(&self, info: &Info) -> Result<Option<Finding>, Error> {
        let begins = info.config.first_sequence.unwrap_or(1) as i64;
        let first = (info.state.first_sequence as i64).max(1);
        if drops(&info.config) || begins >= first {
            return Ok(None);
        }
        let position: Option<Position> = sqlx::query_scalar(
            "select position
             from events e
             where position >= $1
               and position < $2
               and not exists (select from nats_erasures n where n.position = e.position)
             order by position
             limit 1",
        )
        .bind(begins)
        .bind(first)
        .fetch_optional(self.log.pool())
        .await?;
        Ok(position.map(|position| Finding::Missing { position }))
    }

    /// Whether the message was erased, or dropped by the stream's limits, since the comparison
    /// began.
    async fn may_be_missing(&self, position: Position) -> Result<bool, Error> {
        if !self.erasures(position - 1, position).await?.is_empty() {
            return Ok(true);
        }
        let info = self.stream.get_info().await.map_err(|error| Error::Stream(error.into()))?;
        Ok(drops(&info.config) && position < comparison::ends(&info).0)
    }

    async fn erasures(
        &self,
        after: Position,
        to: Position,
    ) -> Result<BTreeMap<Position, Erased>, Error> {
        let rows: Vec<(Position, bool)> = sqlx::query_as(
            "select position, done_at is not null
             from nats_erasures
             where position > $1 and position <= $2",
        )
        .bind(after)
        .bind(to)
        .fetch_all(self.log.pool())
        .await?;
        let of =
            |(position, is_noted)| (position, if is_noted { Erased::Noted } else { Erased::Due });
        Ok(rows.into_iter().map(of).collect())
    }

    /// Reads a message from any replica if the stream allows it, which is several times as fast as
    /// asking the leader.
    async fn message(&self, position: Position) -> Result<Option<StreamMessage>, Error> {
        if self.stream.cached_info().config.allow_direct {
            match self.stream.direct_get(position.get() as u64).await {
                Ok(message) => return Ok(Some(message)),
                Err(error) if error.kind() == DirectGetErrorKind::NotFound => return Ok(None),
                Err(_) => {}
            }
        }
        message_at(self.stream, position.get()).await
    }
}

/// A message whose event was erased.
#[derive(Debug, Clone, Copy)]
enum Erased {
    /// Erased from the stream, according to `nats_erasures`.
    Noted,
    /// Not yet erased by the relay.
    Due,
}

/// Whether a stream drops its oldest messages by itself.
fn drops(config: &Config) -> bool {
    !config.max_age.is_zero() || config.max_bytes > 0 || config.max_messages > 0
}

/// Whether a message has the id and the subject of an event.
fn is_of(message: &StreamMessage, event: &RecordedEvent, prefix: &str) -> bool {
    let id = message.headers.get(async_nats::header::NATS_MESSAGE_ID);
    id.is_some_and(|id| id.as_str() == event.event_id.to_string())
        && message.subject.as_str() == message::subject(prefix, event)
}
