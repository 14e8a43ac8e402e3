//! Whether the stream matches the log. Used by the relay before it publishes, and by operators with
//! [`check`].

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Info, RawMessageErrorKind, Stream};
use async_nats::{Client, jetstream};
use event_store::Position;
use futures::{StreamExt, TryStreamExt, stream};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{Error, Finding, NAME, Settings, connection, finding};

/// The result of a comparison.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// The stream's last sequence.
    pub(crate) last: Position,
    /// Why nothing may be published after it.
    pub(crate) wrong: Option<Finding>,
    /// A message that had been erased is in the stream again.
    pub(crate) erased_is_back: bool,
}

/// Compares the stream with the log, at a cost that does not depend on the length of either.
///
/// The relay publishes p only directly after p - 1. So if the last message matches the log, all
/// before it do, as long as nothing but erased messages is missing. `noted` is the checkpoint, up
/// to which the stream was found to match before: only up to there may the stream's limits have
/// dropped the oldest messages.
pub(crate) async fn compare(
    stream: &Stream,
    info: &Info,
    pool: &PgPool,
    noted: Position,
) -> Result<Comparison, Error> {
    let last = Position::new(info.state.last_sequence as i64);
    let mut comparison = Comparison { last, wrong: None, erased_is_back: false };
    let head: Position =
        sqlx::query_scalar("select position from log_head").fetch_one(pool).await?;
    comparison.wrong = if last > head {
        Some(Finding::Ahead { last, head })
    } else {
        compare_last(stream, info, pool, noted).await?
    };
    if comparison.wrong.is_none() && finding::keeps_all_between(&info.config) {
        let (missing, back) = compare_erased(stream, info, pool).await?;
        comparison.wrong = missing;
        comparison.erased_is_back = back;
    }
    Ok(comparison)
}

/// Compares the last message, and the newest one that was not erased.
async fn compare_last(
    stream: &Stream,
    info: &Info,
    pool: &PgPool,
    noted: Position,
) -> Result<Option<Finding>, Error> {
    let (first, last) = ends(info);
    // The stream was created to begin here, and nothing has been published to it yet.
    let begins_here = info.config.first_sequence == Some(info.state.last_sequence + 1);
    let kept: Option<(Position, Uuid)> = sqlx::query_as(
        "select position, event_id
         from events e
         where position <= $1
           and not exists (select from nats_erasures n where n.position = e.position)
         order by position desc
         limit 1",
    )
    .bind(last)
    .fetch_optional(pool)
    .await?;
    if let Some((position, event)) = kept {
        match message_id(stream, position).await? {
            Some(id) if id == event.to_string() => {}
            Some(_) => return Ok(Some(Finding::Foreign { position })),
            None if position < first && (position <= noted || begins_here) => {}
            None => return Ok(Some(Finding::Missing { position })),
        }
        if position == last {
            return Ok(None);
        }
    }
    // The last event was erased from the log. Its own message may still be there, but no other.
    let Some(id) = message_id(stream, last).await? else { return Ok(None) };
    let event: Option<Uuid> = sqlx::query_scalar("select event_id from events where position = $1")
        .bind(last)
        .fetch_optional(pool)
        .await?;
    let ours = event.is_some_and(|event| event.to_string() == id);
    Ok((!ours).then_some(Finding::Foreign { position: last }))
}

/// The stream's first and last sequence.
pub(crate) fn ends(info: &Info) -> (Position, Position) {
    let position = |sequence| Position::new(sequence as i64);
    (position(info.state.first_sequence), position(info.state.last_sequence))
}

/// The event id in a message's header, empty if it has none; `None` if there is no message.
async fn message_id(stream: &Stream, position: Position) -> Result<Option<String>, Error> {
    if position == Position::START {
        return Ok(None);
    }
    let message = message_at(stream, position.get()).await?;
    let id = |message: StreamMessage| {
        message.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned()).unwrap_or_default()
    };
    Ok(message.map(id))
}

/// A message, if there is one, read from the stream's leader.
pub(crate) async fn message_at(
    stream: &Stream,
    number: i64,
) -> Result<Option<StreamMessage>, Error> {
    match stream.get_raw_message(number as u64).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(Error::Stream(error.into())),
    }
}

/// The first message that is missing but was not erased, and whether a message is there that was.
/// Counts are compared first, because the list of missing messages may be long.
async fn compare_erased(
    stream: &Stream,
    info: &Info,
    pool: &PgPool,
) -> Result<(Option<Finding>, bool), Error> {
    let (first, last) = ends(info);
    if info.state.messages == 0 {
        return Ok((None, false));
    }
    let missing = last - first + 1 - info.state.messages as i64;
    let erased: i64 = sqlx::query_scalar(
        "select count(*) from nats_erasures
         where position between $1 and $2 and done_at is not null",
    )
    .bind(first)
    .bind(last)
    .fetch_one(pool)
    .await?;
    if missing == erased {
        return Ok((None, false));
    }
    let details = stream.info_builder().with_deleted(true).fetch().await;
    let details = details.map_err(|error| Error::Stream(error.into()))?;
    let deleted = details.info.state.deleted.unwrap_or_default();
    let position = |sequence| Position::new(sequence as i64);
    let deleted: Vec<Position> = deleted.into_iter().map(position).collect();
    let lost: Vec<Position> = sqlx::query_scalar(
        "select d.position
         from unnest($1::bigint[]) d (position)
         where not exists (select from nats_erasures n where n.position = d.position)
         order by d.position",
    )
    .bind(&deleted)
    .fetch_all(pool)
    .await?;
    let back: Vec<Position> = sqlx::query_scalar(
        "select position from nats_erasures
         where position between $1 and $2 and done_at is not null
         except
         select unnest($3::bigint[])",
    )
    .bind(first)
    .bind(last)
    .bind(&deleted)
    .fetch_all(pool)
    .await?;
    // After a broker was killed, its counts and its list may not match its messages, so each
    // message in doubt is requested.
    let lost = first_of(stream, lost, false).await?;
    let back = first_of(stream, back, true).await?;
    Ok((lost.map(|position| Finding::Missing { position }), back.is_some()))
}

/// Messages that are requested at once.
const ASKED_AT_ONCE: usize = 64;

/// The first of these positions that has a message, or the first that has none.
async fn first_of(
    stream: &Stream,
    positions: Vec<Position>,
    with_message: bool,
) -> Result<Option<Position>, Error> {
    let asked = stream::iter(positions).map(|position| async move {
        let message = message_id(stream, position).await?;
        Ok::<_, Error>((message.is_some() == with_message).then_some(position))
    });
    let found = asked.buffered(ASKED_AT_ONCE).try_filter_map(|found| async move { Ok(found) });
    std::pin::pin!(found).try_next().await
}

/// The stream, if there is one.
pub(crate) async fn get(
    jetstream: &jetstream::Context,
    name: &str,
) -> Result<Option<Stream>, Error> {
    match jetstream.get_stream(name).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(e) if e.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                Ok(None)
            }
            _ => Err(Error::Stream(error.into())),
        },
    }
}

/// The result of [`check`].
#[derive(Debug)]
pub struct Checked {
    /// The stream's last sequence; `None` while there is no stream.
    pub last: Option<Position>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

/// Finds everything that is wrong, for operators. Changes nothing.
///
/// # Errors
/// When the stream or the log cannot be read.
pub async fn check(client: &Client, settings: &Settings, pool: &PgPool) -> Result<Checked, Error> {
    let mut findings = Vec::from_iter(finding::max_payload(client.max_payload()));
    let jetstream = connection::jetstream(client.clone());
    let Some(stream) = get(&jetstream, &settings.stream).await? else {
        return Ok(Checked { last: None, findings });
    };
    let info = stream.cached_info();
    findings.extend(finding::settings(&info.config, settings));
    let noted: Option<Position> =
        sqlx::query_scalar("select position from checkpoints where name = $1")
            .bind(NAME)
            .fetch_optional(pool)
            .await?;
    let comparison = compare(&stream, info, pool, noted.unwrap_or_default()).await?;
    findings.extend(comparison.wrong);
    let (count, first): (i64, Option<Position>) = sqlx::query_as(
        "select count(*), min(position) from nats_erasures
         where position <= $1 and (done_at is null or $2)",
    )
    .bind(comparison.last)
    .bind(comparison.erased_is_back)
    .fetch_one(pool)
    .await?;
    findings.extend(first.map(|first| Finding::NotErased { count, first }));
    Ok(Checked { last: Some(comparison.last), findings })
}
