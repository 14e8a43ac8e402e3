//! How private values stand in the log: each event that has any is sealed with a key of its own, which its
//! stream's key wraps, which the master key wraps. To erase is to delete a key; the log itself never changes.
//!
//! Values are sealed with ChaCha20-Poly1305 (RFC 8439), the first bytes of the SHA-256 of the field's name as the
//! nonce, the event's id and the field's name as associated data. Keys are wrapped with XChaCha20-Poly1305 under a random
//! nonce of 24 bytes, which stands before the wrapped bytes, and the name of what they are for as associated data.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, XChaCha20Poly1305, XNonce};
use domain::{KNOWN, SEALED};
use hmac::{Hmac, Mac};
use moka::future::Cache;
use rand::RngCore;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::Error;

/// What stands in place of a value whose key is gone, where there is no type to say so.
pub const ERASED: &str = "[erased]";
/// The same where the reader has no master key.
pub const STILL_SEALED: &str = "[sealed]";
/// The same where there is a key, and something in the way does not open: somebody changed it.
pub const UNREADABLE: &str = "[unreadable]";

type Secret = [u8; 32];

/// The key that wraps the keys of all streams.
#[derive(Clone)]
pub struct MasterKey {
    secret: Secret,
    id: String,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl MasterKey {
    /// A new one.
    pub fn generate() -> Self {
        Self::new(random())
    }

    /// From base64 of 32 bytes; none from anything else.
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text.trim()).ok()?.try_into().ok().map(Self::new)
    }

    /// For a file that only the owner reads.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.secret)
    }

    /// Tells master keys apart, and nothing about them.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn new(secret: Secret) -> Self {
        let id = Sha256::digest(secret)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { secret, id }
    }
}

/// Keys of streams that are remembered, unwrapped: as many as states (`Settings::cached_streams_max`), for who needs a
/// stream that is not among those reads from PostgreSQL anyway.
const STREAM_KEYS_MAX: u64 = 20_000;

/// The keys of a database's log.
#[derive(Debug, Clone)]
pub struct Keys {
    master: Option<Arc<MasterKey>>,
    streams: Cache<String, Arc<StreamKey>>,
    requests: Option<Arc<StreamKey>>,
}

/// The key of requests' digests stands among those of streams, so that it is wrapped anew with them.
const REQUESTS: (&str, &str) = ("idempotency", "digests");

/// The key of a stream.
pub(crate) struct StreamKey(Secret);

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey")
    }
}

impl Keys {
    /// The keys under `master`, which the first one to come makes the database's.
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
        Ok(Self { master: Some(Arc::new(master)), streams: Cache::new(STREAM_KEYS_MAX), requests })
    }

    /// No keys: what is sealed stays so, and nothing can be appended.
    pub fn none() -> Self {
        Self { master: None, streams: Cache::new(0), requests: None }
    }

    /// Tells a request from another one under the same idempotency key, and nothing about it to those who have the
    /// database alone: HMAC-SHA-256 over the parts, each after its length.
    ///
    /// # Errors
    /// [`Error::MasterKeyMissing`] without the master key that the digests' own key is wrapped by.
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
        if let Some(key) = self.streams.get(stream).await {
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
            Some(wrapped) => Ok(self.unwrap(stream, &wrapped).await?),
            None => Ok(None),
        }
    }

    /// The key of a stream from its stored form; none without a master key.
    pub(crate) async fn unwrap(
        &self,
        stream: &str,
        wrapped: &[u8],
    ) -> Result<Option<Arc<StreamKey>>, Error> {
        let Some(master) = &self.master else { return Ok(None) };
        if let Some(key) = self.streams.get(stream).await {
            return Ok(Some(key));
        }
        let key = unwrap(&master.secret, stream.as_bytes(), wrapped)
            .ok_or_else(|| Error::CannotOpen { what: format!("the key of stream {stream}") })?;
        let key = Arc::new(StreamKey(key));
        self.remember(stream, key.clone()).await;
        Ok(Some(key))
    }

    /// A key for a stream that has none, and its stored form. To be remembered once it is stored.
    pub(crate) fn fresh(&self, stream: &str) -> Result<(Arc<StreamKey>, Vec<u8>), Error> {
        let master = self.master.as_ref().ok_or(Error::MasterKeyMissing)?;
        let key = random();
        let wrapped = wrap(&master.secret, stream.as_bytes(), &key);
        Ok((Arc::new(StreamKey(key)), wrapped))
    }

    pub(crate) async fn remember(&self, stream: &str, key: Arc<StreamKey>) {
        self.streams.insert(stream.to_owned(), key).await;
    }

    pub(crate) async fn forget(&self, stream: &str) {
        self.streams.invalidate(stream).await;
    }

    /// Wraps a batch of stream keys with another master key; returns how many were left to do before it.
    ///
    /// # Errors
    /// When PostgreSQL fails or a key is not wrapped by this master key.
    pub async fn rewrap(
        &self,
        pool: &PgPool,
        to: &MasterKey,
        batch_size: i64,
    ) -> Result<usize, Error> {
        let master = self.master.as_ref().ok_or(Error::MasterKeyMissing)?;
        let database = Error::database;
        let mut tx = pool.begin().await.map_err(database("rotate the master key"))?;
        sqlx::query("insert into master_keys (id) values ($1) on conflict do nothing")
            .bind(&to.id)
            .execute(&mut *tx)
            .await
            .map_err(database("note the new master key"))?;
        let rows: Vec<(String, String, Vec<u8>)> = sqlx::query_as(
            "select aggregate_type, aggregate_id, wrapped
             from stream_keys
             where master_key = $1
             limit $2
             for update",
        )
        .bind(&master.id)
        .bind(batch_size)
        .fetch_all(&mut *tx)
        .await
        .map_err(database("read the keys of streams"))?;
        let (mut types, mut ids, mut rewrapped) = (Vec::new(), Vec::new(), Vec::new());
        for (aggregate_type, aggregate_id, wrapped) in &rows {
            let stream = format!("{aggregate_type}/{aggregate_id}");
            let key = unwrap(&master.secret, stream.as_bytes(), wrapped)
                .ok_or_else(|| Error::CannotOpen { what: format!("the key of stream {stream}") })?;
            types.push(aggregate_type);
            ids.push(aggregate_id);
            rewrapped.push(wrap(&to.secret, stream.as_bytes(), &key));
        }
        sqlx::query(
            "update stream_keys k
             set wrapped = r.wrapped, master_key = $4
             from unnest($1::text[], $2::text[], $3::bytea[]) as r (type, id, wrapped)
             where k.aggregate_type = r.type and k.aggregate_id = r.id",
        )
        .bind(types)
        .bind(ids)
        .bind(rewrapped)
        .bind(&to.id)
        .execute(&mut *tx)
        .await
        .map_err(database("write the keys of streams"))?;
        if rows.is_empty() {
            sqlx::query("delete from master_keys where id = $1 and id <> $2")
                .bind(&master.id)
                .bind(&to.id)
                .execute(&mut *tx)
                .await
                .map_err(database("withdraw the old master key"))?;
        }
        tx.commit().await.map_err(database("rotate the master key"))?;
        Ok(rows.len())
    }
}

/// The key of requests' digests, which the first one to come makes; none while it is wrapped by the other master
/// key of an unfinished rotation.
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

    /// None when it was sealed with another key, or as something else.
    pub(crate) fn open(&self, what: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.0, what.as_bytes(), sealed)
    }
}

/// The key of one event.
#[derive(Clone)]
pub(crate) struct EventKey(Secret);

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventKey")
    }
}

/// Seals the private values of an event: its payload as it is stored, and the key, if there was anything to
/// seal.
pub(crate) fn seal(event: Uuid, mut payload: Value) -> Result<(String, Option<EventKey>), Error> {
    let mut key = None;
    for (field, value) in fields(&mut payload) {
        let Some(known) = single(value, KNOWN) else { continue };
        let EventKey(secret) = key.get_or_insert_with(|| EventKey(random()));
        let data = [event.as_bytes(), field.as_bytes()].concat();
        let text = known.to_string();
        let sealed = ChaCha20Poly1305::new((&*secret).into())
            .encrypt(&nonce(field).into(), Payload { msg: text.as_bytes(), aad: &data })
            .expect("a message is shorter than 256 GiB");
        *value = json!({ SEALED: STANDARD.encode(sealed) });
    }
    let stored = payload.to_string();
    if stored.contains(&format!("{:?}:", KNOWN)) {
        return Err(Error::PrivateInside { event });
    }
    Ok((stored, key))
}

/// A payload with its private values opened, as the domain's types are read: `{"$private": …}`.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) payload: String,
    /// Otherwise something does not open, and is still sealed.
    pub(crate) is_whole: bool,
}

/// Opens each private value with the event's key.
pub(crate) fn open_payload(event: Uuid, stored: &str, EventKey(secret): &EventKey) -> Opened {
    let Ok(mut payload) = serde_json::from_str::<Value>(stored) else {
        return Opened { payload: stored.to_owned(), is_whole: !is_sealed(stored) };
    };
    let cipher = ChaCha20Poly1305::new(secret.into());
    let mut is_whole = true;
    for (field, value) in fields(&mut payload) {
        let Some(sealed) = single(value, SEALED) else { continue };
        let data = [event.as_bytes(), field.as_bytes()].concat();
        let sealed = sealed.as_str().and_then(|text| STANDARD.decode(text).ok());
        let text = sealed.and_then(|sealed| {
            cipher.decrypt(&nonce(field).into(), Payload { msg: &sealed, aad: &data }).ok()
        });
        match text.and_then(|text| serde_json::from_slice::<Value>(&text).ok()) {
            Some(opened) => *value = json!({ KNOWN: opened }),
            None => is_whole = false,
        }
    }
    Opened { payload: payload.to_string(), is_whole }
}

/// An opened payload as others see it: values bare, and `instead` where one is still sealed.
pub(crate) fn bare<'a>(opened: &'a str, instead: &str) -> serde_json::Result<Cow<'a, str>> {
    if !has(opened, SEALED) && !has(opened, KNOWN) {
        return Ok(opened.into());
    }
    let mut payload: Value = serde_json::from_str(opened)?;
    for (_, value) in fields(&mut payload) {
        if single(value, SEALED).is_some() {
            *value = instead.into();
        } else if let Some(known) = value.as_object_mut().filter(|object| object.len() == 1)
            && let Some(known) = known.remove(KNOWN)
        {
            *value = known;
        }
    }
    Ok(payload.to_string().into())
}

/// Whether a stored payload has private values.
pub(crate) fn is_sealed(stored: &str) -> bool {
    has(stored, SEALED)
}

/// Whether an object may be in there that has this as its first key.
fn has(payload: &str, key: &str) -> bool {
    payload.contains(&format!("{{{key:?}:"))
}

/// The top level of an event.
fn fields(payload: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    payload.as_object_mut().into_iter().flatten()
}

/// The value of an object's only key.
fn single<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.as_object().filter(|object| object.len() == 1)?.get(key)
}

/// A key is used for one event, and an event has a field once: its name is nonce enough.
fn nonce(field: &str) -> [u8; 12] {
    let digest: [u8; 32] = Sha256::digest(field).into();
    digest[..12].try_into().expect("12 of 32 bytes")
}

fn random() -> Secret {
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    secret
}

fn wrap(with: &Secret, what: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 24];
    rand::rng().fill_bytes(&mut nonce);
    let sealed = XChaCha20Poly1305::new(with.into())
        .encrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: what })
        .expect("a message is shorter than 256 GiB");
    [&nonce[..], &sealed].concat()
}

fn unwrap(with: &Secret, what: &[u8], wrapped: &[u8]) -> Option<Secret> {
    open(with, what, wrapped)?.try_into().ok()
}

fn open(with: &Secret, what: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = wrapped.split_first_chunk::<24>()?;
    XChaCha20Poly1305::new(with.into())
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: what })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Uuid = Uuid::from_u128(7);

    fn open(stored: &str, key: &EventKey) -> String {
        let opened = open_payload(EVENT, stored, key);
        assert!(opened.is_whole);
        opened.payload
    }

    #[test]
    fn what_is_sealed_can_be_opened_with_its_key_alone() {
        let payload = json!({"type": "X", "text": {KNOWN: "a secret"}, "tags": {KNOWN: ["b"]}});
        let (stored, key) = seal(EVENT, payload.clone()).unwrap();
        assert!(!stored.contains("secret") && !stored.contains("\"b\""), "{stored}");
        let opened = open(&stored, &key.unwrap());
        assert_eq!(serde_json::from_str::<Value>(&opened).unwrap(), payload);
        let shown: Value = serde_json::from_str(&bare(&opened, ERASED).unwrap()).unwrap();
        assert_eq!(shown, json!({"type": "X", "text": "a secret", "tags": ["b"]}));
        let gone: Value = serde_json::from_str(&bare(&stored, ERASED).unwrap()).unwrap();
        assert_eq!(gone, json!({"type": "X", "text": ERASED, "tags": ERASED}));
    }

    #[test]
    fn another_key_another_event_and_another_field_open_nothing() {
        let (stored, key) = seal(EVENT, json!({"text": {KNOWN: "a"}})).unwrap();
        let key = key.unwrap();
        assert!(!open_payload(EVENT, &stored, &EventKey([0; 32])).is_whole);
        assert!(!open_payload(Uuid::nil(), &stored, &key).is_whole);
        let moved = stored.replace("text", "name");
        assert!(!open_payload(EVENT, &moved, &key).is_whole);
    }

    #[test]
    fn what_does_not_open_leaves_the_rest_open() {
        let payload = json!({"text": {KNOWN: "a secret"}, "tags": {KNOWN: ["b"]}});
        let (stored, key) = seal(EVENT, payload).unwrap();
        let mut changed: Value = serde_json::from_str(&stored).unwrap();
        changed["text"] = json!({ SEALED: "AAAA" });
        let opened = open_payload(EVENT, &changed.to_string(), &key.unwrap());
        assert!(!opened.is_whole);
        let shown: Value =
            serde_json::from_str(&bare(&opened.payload, UNREADABLE).unwrap()).unwrap();
        assert_eq!(shown, json!({"text": UNREADABLE, "tags": ["b"]}));
    }

    #[test]
    fn a_private_value_inside_another_value_is_refused() {
        let nested = json!({"profile": {"name": {KNOWN: "a secret"}}});
        assert!(matches!(seal(EVENT, nested), Err(Error::PrivateInside { .. })));
    }

    #[test]
    fn text_that_looks_like_a_sealed_value_stays_text() {
        let payload = json!({"text": {KNOWN: format!("{{\"{SEALED}\":\"x\"}} \"{KNOWN}\":")}});
        let (stored, key) = seal(EVENT, payload.clone()).unwrap();
        let opened = open(&stored, &key.unwrap());
        assert_eq!(serde_json::from_str::<Value>(&opened).unwrap(), payload);
    }

    #[test]
    fn a_master_key_is_32_bytes_and_not_shown() {
        let key = MasterKey::generate();
        let again = MasterKey::from_base64(&key.to_base64()).unwrap();
        assert_eq!(again.id(), key.id());
        assert!(!format!("{key:?}").contains(&key.to_base64()));
        assert!(MasterKey::from_base64("c2hvcnQ=").is_none());
    }
}
