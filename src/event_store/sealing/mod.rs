//! Encryption of private values in the log: each event that has any is encrypted with a key of its
//! own, which is wrapped by its stream's key, which is wrapped by the master key. Erasing means
//! deleting a key; the log itself never changes.
//!
//! Values are encrypted with ChaCha20-Poly1305 (RFC 8439). The nonce is the first 12 bytes of the
//! SHA-256 of the field's name; the associated data are the event's id and the field's name. Keys
//! are wrapped with XChaCha20-Poly1305 under a random nonce of 24 bytes, which precedes the wrapped
//! bytes; the associated data identify what the key is for.

mod cipher;
mod keys;
mod master_key;
mod rotation;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{KNOWN, SEALED};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Error;
use cipher::{open_value, seal_value};

pub use keys::Keys;
pub(crate) use keys::{EventKey, StreamKey};
pub use master_key::MasterKey;
pub use rotation::Rewrapped;

/// Placeholder in plain JSON for a value whose key was erased.
pub const ERASED: &str = "[erased]";
/// Placeholder for an encrypted value when the reader has no master key.
pub const STILL_SEALED: &str = "[sealed]";
/// Placeholder for a value that cannot be decrypted although there is a key: the value or one of
/// its keys was changed.
pub const UNREADABLE: &str = "[unreadable]";

/// Encrypts the private values of an event. Returns its payload as it is stored, and the key, if
/// there was anything to encrypt.
pub(crate) fn seal(event: Uuid, mut payload: Value) -> Result<(String, Option<EventKey>), Error> {
    let mut key = None;
    for (field, value) in fields(&mut payload) {
        let Some(known) = single(value, KNOWN) else { continue };
        let EventKey(secret) = key.get_or_insert_with(EventKey::generate);
        let sealed = seal_value(secret, event, field, known.to_string().as_bytes());
        *value = json!({ SEALED: STANDARD.encode(sealed) });
    }
    let stored = payload.to_string();
    if stored.contains(&format!("{:?}:", KNOWN)) {
        return Err(Error::PrivateInside { event });
    }
    Ok((stored, key))
}

/// A payload with its private values decrypted, in the form that the domain's types read:
/// `{"$private": …}`.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) payload: String,
    /// False if some value could not be decrypted, and is still encrypted.
    pub(crate) is_whole: bool,
}

/// Decrypts each private value with the event's key.
pub(crate) fn open_payload(event: Uuid, stored: &str, EventKey(secret): &EventKey) -> Opened {
    let Ok(mut payload) = serde_json::from_str::<Value>(stored) else {
        return Opened { payload: stored.to_owned(), is_whole: !is_sealed(stored) };
    };
    let mut is_whole = true;
    for (field, value) in fields(&mut payload) {
        let Some(sealed) = single(value, SEALED) else { continue };
        let sealed = sealed.as_str().and_then(|text| STANDARD.decode(text).ok());
        let text = sealed.and_then(|sealed| open_value(secret, event, field, &sealed));
        match text.and_then(|text| serde_json::from_slice::<Value>(&text).ok()) {
            Some(opened) => *value = json!({ KNOWN: opened }),
            None => is_whole = false,
        }
    }
    Opened { payload: payload.to_string(), is_whole }
}

/// An opened payload in plain JSON: private values without their wrapper object, and `instead` for
/// those that are still encrypted.
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

/// Whether the text may contain an object whose first key is `key`.
fn has(payload: &str, key: &str) -> bool {
    payload.contains(&format!("{{{key:?}:"))
}

/// The top-level fields of an event.
fn fields(payload: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    payload.as_object_mut().into_iter().flatten()
}

/// The value of an object's only key.
fn single<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.as_object().filter(|object| object.len() == 1)?.get(key)
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
