use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::cipher::{Secret, random};

/// The key that wraps the keys of all streams.
#[derive(Clone)]
pub struct MasterKey {
    pub(super) secret: Secret,
    pub(super) id: String,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl MasterKey {
    /// A new random key.
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

    /// Identifies a master key without revealing anything about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn new(secret: Secret) -> Self {
        let id = Sha256::digest(secret)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { secret, id }
    }
}
