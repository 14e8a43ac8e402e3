use std::path::PathBuf;

use anyhow::{Context, anyhow};
use embedded::private_file;
use event_store::MasterKey;
use sqlx::PgPool;

use super::{Failure, Options};

/// The configured master key, or the one that the data folder keeps; `None` if there is neither.
pub(super) fn find(options: &Options) -> Result<Option<MasterKey>, Failure> {
    let text = match &options.master_key {
        Some(text) => Some(text.clone()),
        None => private_file::read(&path(options))?,
    };
    let Some(text) = text else { return Ok(None) };
    match MasterKey::from_base64(&text) {
        Some(key) => Ok(Some(key)),
        None => Err(anyhow!("{} is no base64 of 32 bytes", path(options).display()).into()),
    }
}

/// As [`find`]; if there is neither, a new key is made and kept, unless the database's keys are
/// wrapped by another one.
pub(super) async fn find_or_make(options: &Options, pool: &PgPool) -> Result<MasterKey, Failure> {
    if let Some(key) = find(options)? {
        return Ok(key);
    }
    let path = path(options);
    let known: Vec<String> =
        sqlx::query_scalar("select id from master_keys").fetch_all(pool).await?;
    if !known.is_empty() {
        // Another node on this folder may have made it just now.
        return Ok(find(options)?.with_context(|| {
            format!(
                "{} is missing and COLLOQUY_MASTER_KEY is unset, but what is in the database can \
                 only be read with master key {}: put the file back, or set the variable",
                path.display(),
                known.join(" or ")
            )
        })?);
    }
    // Of two nodes that start on one folder, one makes the key and the other reads it.
    private_file::keep_first(&path, &MasterKey::generate().to_base64())?;
    if options.database_url.is_some() {
        tracing::warn!(
            path = %path.display(),
            "COLLOQUY_MASTER_KEY is unset: a new master key is kept here; every other node needs \
             the same, and without it no text can be read"
        );
    }
    let kept = find(options)?;
    Ok(kept.context("the master key was just kept")?)
}

/// Before a rotation: the data folder keeps the new key beside the old one, if it keeps that.
pub(super) fn keep_beside(options: &Options, key: &MasterKey) -> Result<(), Failure> {
    match private_file::read(&path(options))? {
        Some(_) => Ok(private_file::keep(&path_beside(options), &key.to_base64())?),
        None => Ok(()),
    }
}

/// After a rotation: the data folder keeps the new key, if it kept the old one.
pub(super) fn replace_kept(options: &Options, key: &MasterKey) -> Result<(), Failure> {
    let (path, beside) = (path(options), path_beside(options));
    if private_file::read(&path)?.is_none() {
        return Ok(());
    }
    private_file::keep(&path, &key.to_base64())?;
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(anyhow!(error).context(format!("cannot remove {}", beside.display())).into())
        }
        _ => Ok(()),
    }
}

fn path_beside(options: &Options) -> PathBuf {
    options.data_dir().join("master-key.new")
}

fn path(options: &Options) -> PathBuf {
    options.data_dir().join("master-key")
}
