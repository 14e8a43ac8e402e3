//! Small files that only their owner reads.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

use super::Failure;

/// The content, if the file exists.
pub(super) fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display()))?,
    }
}

/// Writes the file, whatever was in it.
pub(super) fn keep(path: &Path, content: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// Writes the file unless it exists. It appears whole or not at all.
pub(super) fn keep_first(path: &Path, content: &str) -> Result<(), Failure> {
    let unfinished = path.with_extension(format!("new-{}", std::process::id()));
    keep(&unfinished, content)?;
    let linked = std::fs::hard_link(&unfinished, path);
    std::fs::remove_file(&unfinished)
        .with_context(|| format!("cannot remove {}", unfinished.display()))?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot write {}", path.display()))?
        }
        _ => Ok(()),
    }
}
