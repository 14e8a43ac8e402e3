//! Publishes past events again, to a separate stream for a new consumer.
//!
//! Messages have the same ids, headers and payloads as the first time, except for what was erased
//! since. A copy that was interrupted resumes at the end of its stream, so no message comes twice.
//! What is erased from the log later stays in the copy, which is meant to be read once and deleted.

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
    /// The stream, created if missing.
    pub stream: String,
    /// The prefix of every subject: one or more tokens.
    pub subject_prefix: String,
    /// The first position.
    pub from: Position,
    /// The last one.
    pub to: Position,
}

/// What a run has copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The position after which this run began: the last one copied before.
    pub after: Position,
    /// The last position that has been copied.
    pub to: Position,
    /// An event's position minus its message's sequence number in the stream.
    pub ahead: i64,
}

/// Why copying was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum NotCopied {
    /// The installation's own stream and subjects belong to the relay.
    #[error("{what} is the installation's own: expected another one")]
    Own {
        /// The stream or the prefix.
        what: String,
    },
    /// The stream holds something else.
    #[error("the stream {stream} {why}: expected another one, or that it is deleted first")]
    Other {
        stream: String,
        /// What is wrong with the stream.
        why: String,
    },
    /// Any step can fail; another run resumes.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Copying {
    /// Checks that stream and subjects are not the installation's own.
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

    /// Copies, and reports the position reached after each batch.
    ///
    /// # Errors
    /// When copying is refused or fails; what was copied by then is kept.
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

    /// The stream, created if missing. Its sequence numbers are positions if the server can begin a
    /// stream at a given number.
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

    /// The position after which to resume, and by how much sequence numbers are less than
    /// positions.
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

    /// The position of the event that a message is of.
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
