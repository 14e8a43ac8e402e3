use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use quick_cache::sync::Cache;
use sha2::Sha256;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::MasterKey;
use super::cipher::{Secret, open, random, unwrap, wrap};
use crate::Error;

/// Unwrapped stream keys that are cached. As many as stream states
/// (`Settings::cached_streams_max`): a stream that is not cached has to be read from PostgreSQL
/// anyway.
const STREAM_KEYS_MAX: usize = 20_000;

/// The keys of a database's log.
#[derive(Debug, Clone)]
pub struct Keys {
    pub(super) master: Option<Arc<MasterKey>>,
    streams: Arc<Cache<String, Arc<StreamKey>>>,
    requests: Option<Arc<StreamKey>>,
}

/// The key of request digests is stored among the stream keys, so that a rotation rewraps it with
/// them.
const REQUESTS: (&str, &str) = ("idempotency", "digests");

/// The key of a stream.
pub(crate) struct StreamKey(Secret);

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey")
    }
}

impl Keys {
    /// The keys under `master`, which becomes the database's master key if it has none yet.
    ///
    /// # Errors
    /// [`Error::MasterKeyUnknown`] when the database's keys are wrapped by another.
    pub async fn open(pool: &PgPool, master: MasterKey) -> Result<Self, Error> {
        let database = Error::database;
        let mut tx = pool.begin().await.map_err(database("look for the master key"))?;
        sqlx::query("lock table master_keys in exclusive mode")
            .execute(&mut *tx)
            .await
            .map_err(database("look for the master key"))?;
        let known: Vec<String> = sqlx::query_scalar("select id from master_keys")
            .fetch_all(&mut *tx)
            .await
            .map_err(database("look for the master key"))?;
        if known.is_empty() {
            sqlx::query("insert into master_keys (id) values ($1)")
                .bind(&master.id)
                .execute(&mut *tx)
                .await
                .map_err(database("note the master key"))?;
        } else if !known.contains(&master.id) {
            return Err(Error::MasterKeyUnknown { id: master.id, known: known.join(", ") });
        }
        let requests = requests_key(&mut tx, &master).await?;
        tx.commit().await.map_err(database("note the master key"))?;
        Ok(Self {
            master: Some(Arc::new(master)),
            streams: Arc::new(Cache::new(STREAM_KEYS_MAX)),
            requests,
        })
    }

    /// No keys: private values stay encrypted, and none can be appended.
    pub fn none() -> Self {
        Self { master: None, streams: Arc::new(Cache::new(0)), requests: None }
    }

    /// For decrypting only, without looking up the database's master keys. Requests cannot be
    /// digested, since that takes a key of its own.
    pub fn to_open_with(master: MasterKey) -> Self {
        let streams = Arc::new(Cache::new(STREAM_KEYS_MAX));
        Self { master: Some(Arc::new(master)), streams, requests: None }
    }

    /// Whether there is a master key.
    pub fn can_open(&self) -> bool {
        self.master.is_some()
    }

    /// Tells apart two requests with the same idempotency key, and reveals nothing about them to
    /// someone who has only the database: HMAC-SHA-256 over the parts, each preceded by its length.
    ///
    /// # Errors
    /// [`Error::MasterKeyMissing`] without the master key that wraps the key of request digests.
    pub fn request_digest(&self, parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
        let StreamKey(secret) = self.requests.as_deref().ok_or(Error::MasterKeyMissing)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key may have any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Ok(mac.finalize().into_bytes().to_vec())
    }

    pub(crate) fn master_id(&self) -> Option<&str> {
        self.master.as_deref().map(MasterKey::id)
    }

    /// The key of a stream, if it has one.
    pub(crate) async fn stream(
        &self,
        pool: &PgPool,
        stream: &str,
    ) -> Result<Option<Arc<StreamKey>>, Error> {
        if let Some(key) = self.streams.get(stream) {
            return Ok(Some(key));
        }
        let (aggregate_type, aggregate_id) = stream.split_once('/').unwrap_or((stream, ""));
        let wrapped: Option<Vec<u8>> = sqlx::query_scalar(
            "select wrapped from stream_keys where aggregate_type = $1 and aggregate_id = $2",
        )
        .bind(aggregate_type)
        .bind(aggregate_id)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("read the key of a stream"))?;
        match wrapped {
            Some(wrapped) => Ok(self.unwrap(stream, &wrapped)?),
            None => Ok(None),
        }
    }

    /// The key of a stream from its stored form; none without a master key.
    pub(crate) fn unwrap(
        &self,
        stream: &str,
        wrapped: &[u8],
    ) -> Result<Option<Arc<StreamKey>>, Error> {
        let Some(master) = &self.master else { return Ok(None) };
        if let Some(key) = self.streams.get(stream) {
            return Ok(Some(key));
        }
        let key = unwrap(&master.secret, stream.as_bytes(), wrapped)
            .ok_or_else(|| Error::CannotOpen { what: format!("the key of stream {stream}") })?;
        let key = Arc::new(StreamKey(key));
        self.remember(stream, key.clone());
        Ok(Some(key))
    }

    /// A new key for a stream that has none, and its stored form. Callers add it to the cache once
    /// it is stored ([`Keys::remember`]).
    pub(crate) fn fresh(&self, stream: &str) -> Result<(Arc<StreamKey>, Vec<u8>), Error> {
        let master = self.master.as_ref().ok_or(Error::MasterKeyMissing)?;
        let key = random();
        let wrapped = wrap(&master.secret, stream.as_bytes(), &key);
        Ok((Arc::new(StreamKey(key)), wrapped))
    }

    pub(crate) fn remember(&self, stream: &str, key: Arc<StreamKey>) {
        self.streams.insert(stream.to_owned(), key);
    }

    pub(crate) fn forget(&self, stream: &str) {
        self.streams.remove(stream);
    }
}

/// The key of request digests, created if there is none yet; `None` while it is wrapped by the
/// other master key of an unfinished rotation.
async fn requests_key(
    connection: &mut PgConnection,
    master: &MasterKey,
) -> Result<Option<Arc<StreamKey>>, Error> {
    let (aggregate_type, aggregate_id) = REQUESTS;
    let name = format!("{aggregate_type}/{aggregate_id}");
    sqlx::query(
        "insert into stream_keys (aggregate_type, aggregate_id, master_key, wrapped)
         values ($1, $2, $3, $4)
         on conflict on constraint stream_keys_one_per_stream do nothing",
    )
    .bind(aggregate_type)
    .bind(aggregate_id)
    .bind(&master.id)
    .bind(wrap(&master.secret, name.as_bytes(), &random()))
    .execute(&mut *connection)
    .await
    .map_err(Error::database("make the key of requests' digests"))?;
    let wrapped: Vec<u8> = sqlx::query_scalar(
        "select wrapped from stream_keys where aggregate_type = $1 and aggregate_id = $2",
    )
    .bind(aggregate_type)
    .bind(aggregate_id)
    .fetch_one(connection)
    .await
    .map_err(Error::database("read the key of requests' digests"))?;
    Ok(unwrap(&master.secret, name.as_bytes(), &wrapped).map(|key| Arc::new(StreamKey(key))))
}

impl StreamKey {
    pub(crate) fn wrap_event_key(&self, event: Uuid, key: &EventKey) -> Vec<u8> {
        wrap(&self.0, event.as_bytes(), &key.0)
    }

    pub(crate) fn unwrap_event_key(&self, event: Uuid, wrapped: &[u8]) -> Option<EventKey> {
        unwrap(&self.0, event.as_bytes(), wrapped).map(EventKey)
    }

    pub(crate) fn seal(&self, what: &str, bytes: &[u8]) -> Vec<u8> {
        wrap(&self.0, what.as_bytes(), bytes)
    }

    /// `None` if it was encrypted with another key, or with other associated data.
    pub(crate) fn open(&self, what: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.0, what.as_bytes(), sealed)
    }
}

/// The key of one event.
#[derive(Clone)]
pub(crate) struct EventKey(pub(super) Secret);

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventKey")
    }
}

impl EventKey {
    pub(super) fn generate() -> Self {
        Self(random())
    }
}
