//! Small files that only their owner can read: passwords and keys, which cannot be recovered.
//!
//! A file appears whole or not at all, and once a function has returned, it survives a power cut.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::Error;
use crate::user::{self, User};

/// The content, if the file exists. Removes the permissions of others, if they have any.
///
/// # Errors
/// When it exists and cannot be read.
pub fn read(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(content) => {
            close_to_others(path)?;
            Ok(Some(content))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

/// Writes or replaces the file, and creates its folder if there is none.
///
/// # Errors
/// When it cannot be written; the old content is then still there.
pub fn keep(path: &Path, content: &str) -> Result<(), Error> {
    user::make_data_dir(folder(path))?;
    let file = write_beside(path, content, None)?;
    file.persist(path).map_err(|error| Error::file("write", path)(error.error))?;
    sync_folder(folder(path))
}

/// Writes the file unless it exists. Of two concurrent processes one writes, and both continue with
/// that content.
///
/// # Errors
/// When it cannot be written.
pub fn keep_first(path: &Path, content: &str) -> Result<(), Error> {
    user::make_data_dir(folder(path))?;
    keep_first_for(path, content, None)
}

/// The same for a file of the unprivileged user, in an existing folder.
pub(crate) fn keep_first_for(path: &Path, content: &str, user: Option<User>) -> Result<(), Error> {
    match write_beside(path, content, user)?.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::file("write", path)(error.error))
        }
        _ => sync_folder(folder(path)),
    }
}

/// Syncs a folder: a renamed file survives a power cut only once its folder is on the disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("write", folder))
}

/// Removes the permissions of all but the owner of a file.
pub(crate) fn close_to_others(path: &Path) -> Result<(), Error> {
    let found = std::fs::metadata(path).map_err(Error::file("read", path))?;
    let mode = found.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode & 0o7700))
        .map_err(Error::file("close to others", path))
}

/// Writes and syncs the content under another name in the same folder, readable only by its owner.
fn write_beside(path: &Path, content: &str, user: Option<User>) -> Result<NamedTempFile, Error> {
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(folder(path))?;
        file.write_all(content.as_bytes())?;
        if let Some(user) = user {
            fchown(file.as_file(), Some(user.uid), Some(user.gid))?;
        }
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(Error::file("write", path))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folder;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_its_owners_alone_also_where_it_was_not_before() {
        let path = folder_and_file("old");
        std::fs::set_permissions(&path.1, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path.1).unwrap().as_deref(), Some("old"));
        assert_eq!(mode(&path.1), 0o600);
        std::fs::set_permissions(&path.1, Permissions::from_mode(0o644)).unwrap();
        keep(&path.1, "new").unwrap();
        assert_eq!((mode(&path.1), read(&path.1).unwrap().as_deref()), (0o600, Some("new")));
    }

    #[test]
    fn what_is_kept_first_stays_and_nothing_is_left_beside_it() {
        let (folder, path) = folder_and_file("first");
        keep_first(&path, "second").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("first"));
        assert_eq!(std::fs::read_dir(&*folder).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_keeps_what_was_in_it() {
        let (folder, path) = folder_and_file("old");
        let beyond = folder.join("secret/file");
        assert!(matches!(keep(&beyond, "new"), Err(Error::File { .. })));
        assert_eq!(read(&path).unwrap().as_deref(), Some("old"));
    }

    fn folder_and_file(content: &str) -> (crate::testing::Folder, std::path::PathBuf) {
        let folder = folder();
        let path = folder.join("secret");
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }
}
