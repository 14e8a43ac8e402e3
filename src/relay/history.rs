//! History for a new consumer: events that were published before, once more, to a stream of its
//! own.
//!
//! Messages have the same ids, headers and payloads as the first time, but for what was erased
//! since. Where they end tells where to go on: interrupted and begun again, nothing comes twice.
//! What is erased from the log later stays in a copy: it is for reading once, and then to be
//! deleted.

use async_nats::Client;
use async_nats::jetstream::stream::{Config, StorageType, Stream};
use event_store::{Budget, Facts, Log, Position};
use uuid::Uuid;

use crate::comparison::{get, message_at};
use crate::publisher::Publisher;
use crate::{Error, Settings, connection};

/// What to copy, and where to.
#[derive(Debug, Clone)]
pub struct Copying {
    /// The stream, made when missing.
    pub stream: String,
    /// What every subject begins with: one or more tokens.
    pub subject_prefix: String,
    /// The first position.
    pub from: Position,
    /// The last one.
    pub to: Position,
}

/// What is in the stream now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Where this run began: behind what had been copied before.
    pub after: Position,
    /// The last position that was copied.
    pub to: Position,
    /// How much less than its position an event's number in the stream is.
    pub ahead: i64,
}

/// Why nothing is copied.
#[derive(Debug, thiserror::Error)]
pub enum NotCopied {
    /// The installation's own stream and subjects belong to the relay.
    #[error("{what} is the installation's own: expected another one")]
    Own {
        /// The stream or the prefix.
        what: String,
    },
    /// There is something else in it.
    #[error("the stream {stream} {why}: expected another one, or that it is deleted first")]
    Other {
        stream: String,
        /// What is in it.
        why: String,
    },
    /// Any step can fail; begun again, it goes on.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Copying {
    /// Whether it leaves the installation's own stream alone.
    ///
    /// # Errors
    /// [`NotCopied::Own`].
    pub fn check(&self, own: &Settings) -> Result<(), NotCopied> {
        let is_below = self
            .subject_prefix
            .strip_prefix(&own.subject_prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let what = match (self.stream == own.stream, is_below) {
            (true, _) => format!("the stream {}", own.stream),
            (false, true) => format!("the subject prefix {}", self.subject_prefix),
            (false, false) => return Ok(()),
        };
        Err(NotCopied::Own { what })
    }

    /// Copies; tells after each batch how far it has come.
    ///
    /// # Errors
    /// When it may not, or cannot; what was copied by then is kept.
    pub async fn run(
        &self,
        client: &Client,
        own: &Settings,
        log: &Log,
        mut progressed: impl FnMut(Position),
    ) -> Result<Copied, NotCopied> {
        self.check(own)?;
        let stream = self.open(client).await?;
        let (after, ahead) = self.end(&stream, log).await?;
        let mut publisher = Publisher {
            jetstream: connection::jetstream(client.clone()),
            pool: log.pool().clone(),
            stream: self.stream.clone(),
            subject_prefix: self.subject_prefix.clone(),
            payload: own.payload,
            ahead,
            facts: Facts::default(),
        };
        let read = async |after: Position| {
            let left = usize::try_from(self.to - after).unwrap_or(0);
            let budget =
                Budget { events_max: own.in_flight_max.div_ceil(2).min(left), ..Budget::default() };
            match left {
                0 => Ok(vec![]),
                _ => log.tail().read(after, budget).await.map_err(Error::from),
            }
        };
        progressed(after);
        let mut batch = read(after).await?;
        let mut under_way = None;
        while !batch.is_empty() || under_way.is_some() {
            let to = batch.last().map_or(after, |last| last.recorded.position);
            let sent = publisher.send(&batch).await?;
            let before = under_way.take();
            if let Some(before) = before {
                confirm(before, &mut progressed).await?;
            }
            batch = if sent.is_some() { read(to).await? } else { vec![] };
            under_way = sent;
        }
        Ok(Copied { after, to: self.to.max(after), ahead })
    }

    /// The stream, made if there is none; where the server can, its numbers are positions.
    async fn open(&self, client: &Client) -> Result<Stream, NotCopied> {
        let jetstream = connection::jetstream(client.clone());
        let subjects = vec![format!("{}.v1.>", self.subject_prefix)];
        if let Some(found) = get(&jetstream, &self.stream).await? {
            if found.cached_info().config.subjects != subjects {
                let why = format!("holds {}", found.cached_info().config.subjects.join(", "));
                return Err(self.other(why));
            }
            return Ok(found);
        }
        let begins_later = self.from.get() > 1 && client.is_server_compatible(2, 10, 0);
        let config = Config {
            name: self.stream.clone(),
            subjects,
            storage: StorageType::File,
            allow_direct: true,
            first_sequence: begins_later.then_some(self.from.get() as u64),
            ..Config::default()
        };
        let made = jetstream.create_stream(config).await;
        Ok(made.map_err(|error| Error::Stream(error.into()))?)
    }

    /// The position behind which to go on, and how much its number is less.
    async fn end(&self, stream: &Stream, log: &Log) -> Result<(Position, i64), NotCopied> {
        let state = &stream.cached_info().state;
        let last = state.last_sequence as i64;
        if state.messages == 0 {
            let is_new =
                last <= 0 || stream.cached_info().config.first_sequence == Some(last as u64 + 1);
            return match is_new {
                true => Ok((self.from - 1, self.from.get() - 1 - last)),
                false => Err(self.other("was emptied".to_owned())),
            };
        }
        let first = self.position_of(stream, log, state.first_sequence as i64).await?;
        let end = self.position_of(stream, log, last).await?;
        if first > self.from {
            return Err(self.other(format!("begins with position {first}")));
        }
        if end < self.from - 1 {
            return Err(self.other(format!("ends with position {end}")));
        }
        Ok((end, end.get() - last))
    }

    /// Which event of the log a message is.
    async fn position_of(
        &self,
        stream: &Stream,
        log: &Log,
        number: i64,
    ) -> Result<Position, NotCopied> {
        let message = message_at(stream, number).await?;
        let header = |name: &str| {
            let headers = message.as_ref().map(|message| &message.headers)?;
            headers.get(name).map(|value| value.as_str().to_owned())
        };
        let id: Option<Uuid> = header("Nats-Msg-Id").and_then(|id| id.parse().ok());
        let position: Option<Position> =
            sqlx::query_scalar("select position from events where position = $1 and event_id = $2")
                .bind(header("Colloquy-Position").and_then(|position| position.parse::<i64>().ok()))
                .bind(id)
                .fetch_optional(log.pool())
                .await
                .map_err(Error::from)?;
        position.ok_or_else(|| self.other(format!("has a message {number} that is no event here")))
    }

    fn other(&self, why: String) -> NotCopied {
        NotCopied::Other { stream: self.stream.clone(), why }
    }
}

async fn confirm(
    sent: crate::publisher::Sent,
    progressed: &mut impl FnMut(Position),
) -> Result<(), Error> {
    sent.acknowledged.await?;
    progressed(sent.to);
    Ok(())
}
