//! Signatures of tokens, by ring, which TLS needs anyway: the token crate's own backend would bring
//! RSA and elliptic curves that take half a minute to build.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::error::Unspecified;
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};

/// Must be called before a token is issued or verified.
pub(super) fn use_ring() {
    static USED: Once = Once::new();
    USED.call_once(|| {
        PROVIDER.install_default().expect("nothing in this process installs another one");
    });
}

/// `key_utils` would convert keys into JWKs, which nothing here does.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(With { algorithm: *algorithm, key: key.clone() }))
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(With { algorithm: *algorithm, key: key.clone() }))
}

/// A key, and how it is used.
struct With<K> {
    algorithm: Algorithm,
    key: K,
}

impl Verifier<Vec<u8>> for With<DecodingKey> {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let by = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature)
        };
        let verified = match (self.algorithm, self.key.kind()) {
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), message, signature)
            }
            (Algorithm::RS256, DecodingKeyKind::SecretOrDer(key)) => {
                by(&RSA_PKCS1_2048_8192_SHA256, key)
            }
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(key)) => {
                by(&ECDSA_P256_SHA256_FIXED, key)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(key)) => by(&ED25519, key),
            _ => Err(Unspecified),
        };
        verified.map_err(|Unspecified| Error::new())
    }
}

impl JwtVerifier for With<DecodingKey> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Signer<Vec<u8>> for With<EncodingKey> {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let secret = self.key.as_bytes();
        let with = |digest| hmac::sign(&hmac::Key::new(digest, secret), message).as_ref().to_vec();
        match self.algorithm {
            Algorithm::HS256 => Ok(with(hmac::HMAC_SHA256)),
            // Only tests sign with other algorithms, as an identity provider would.
            #[cfg(test)]
            Algorithm::HS512 => Ok(with(hmac::HMAC_SHA512)),
            #[cfg(test)]
            Algorithm::EdDSA => {
                let pair = ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(secret);
                pair.map(|pair| pair.sign(message).as_ref().to_vec()).map_err(|_| Error::new())
            }
            _ => Err(Error::new()),
        }
    }
}

impl JwtSigner for With<EncodingKey> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
