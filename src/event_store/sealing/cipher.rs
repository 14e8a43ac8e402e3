use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, XChaCha20Poly1305, XNonce};
use rand::RngCore;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(super) type Secret = [u8; 32];

pub(super) fn random() -> Secret {
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    secret
}

pub(super) fn wrap(with: &Secret, what: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 24];
    rand::rng().fill_bytes(&mut nonce);
    let sealed = XChaCha20Poly1305::new(with.into())
        .encrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: what })
        .expect("a message is shorter than 256 GiB");
    [&nonce[..], &sealed].concat()
}

pub(super) fn unwrap(with: &Secret, what: &[u8], wrapped: &[u8]) -> Option<Secret> {
    open(with, what, wrapped)?.try_into().ok()
}

pub(super) fn open(with: &Secret, what: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = wrapped.split_first_chunk::<24>()?;
    XChaCha20Poly1305::new(with.into())
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: what })
        .ok()
}

/// Encrypts a value of an event. A key and field must never be used for a second value: the nonce
/// follows from the field.
pub(super) fn seal_value(with: &Secret, event: Uuid, field: &str, value: &[u8]) -> Vec<u8> {
    let data = [event.as_bytes(), field.as_bytes()].concat();
    ChaCha20Poly1305::new(with.into())
        .encrypt(&nonce(field).into(), Payload { msg: value, aad: &data })
        .expect("a message is shorter than 256 GiB")
}

pub(super) fn open_value(
    with: &Secret,
    event: Uuid,
    field: &str,
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let data = [event.as_bytes(), field.as_bytes()].concat();
    ChaCha20Poly1305::new(with.into())
        .decrypt(&nonce(field).into(), Payload { msg: sealed, aad: &data })
        .ok()
}

/// A key is used for one event, and an event has each field once, so no nonce repeats under a key.
fn nonce(field: &str) -> [u8; 12] {
    let digest: [u8; 32] = Sha256::digest(field).into();
    digest[..12].try_into().expect("12 of 32 bytes")
}
