//! Fixtures for the tests of several crates: a log of their own, and an actor. Not part of any
//! released program.

use domain::AccountId;
use embedded::testing::{TestDatabase, copy_of};
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::migrations::MIGRATIONS;
use crate::{Context, Error, Keys, Log, MasterKey, Metadata, Surface, migrate, to_hex};

/// A database with an empty log: a copy of one that is migrated once in a run.
pub async fn database() -> TestDatabase {
    let mut schema = Sha256::new();
    for migration in MIGRATIONS.iter() {
        schema.update(migration.version.to_be_bytes());
        schema.update(&migration.checksum);
    }
    let template = format!("log_{}", to_hex(&schema.finalize()[..8]));
    copy_of(&template, async |pool: &PgPool| migrate(pool).await).await
}

/// An empty log in such a database, under a new master key.
pub async fn log() -> Log {
    on(database().await.pool().await).await.expect("a log that was just made can be opened")
}

/// The log of a database, under a new master key.
///
/// # Errors
/// When PostgreSQL fails, or the log has a master key already.
pub async fn on(pool: PgPool) -> Result<Log, Error> {
    let keys = Keys::open(&pool, MasterKey::generate()).await?;
    Ok(Log::new(pool, keys))
}

/// A member of account 1 who acts without an idempotency key.
pub fn context(actor: &str) -> Context {
    Context {
        metadata: Metadata {
            actor: actor.to_owned(),
            account: AccountId::FIRST,
            role: "member".to_owned(),
            surface: Surface::Cli,
            request_id: "test".to_owned(),
            traceparent: None,
            causation_id: None,
            occurred_at: "2026-01-01T00:00:00Z".parse().expect("a time"),
        },
        idempotency: None,
    }
}
