use std::ffi::{CStr, CString};
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::Error;

/// The user who runs a server that refuses to run as root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

pub(crate) fn is_root() -> bool {
    own_id() == 0
}

pub(crate) fn own_id() -> u32 {
    // SAFETY: takes nothing, changes nothing, cannot fail.
    unsafe { libc::geteuid() }
}

/// The name of the user that this process runs as; the uid if that has no name.
pub fn own_name() -> String {
    // SAFETY: the result's memory is read before the next call, and no other thread of ours makes
    // one.
    unsafe {
        let entry = libc::getpwuid(own_id());
        if entry.is_null() {
            return own_id().to_string();
        }
        CStr::from_ptr((*entry).pw_name).to_string_lossy().into_owned()
    }
}

/// The unprivileged user, if this process is root: `postgres` if the package created one, else
/// `nobody`.
pub(crate) fn unprivileged() -> Option<User> {
    if !is_root() {
        return None;
    }
    ["postgres", "nobody"].into_iter().find_map(look_up)
}

fn look_up(name: &str) -> Option<User> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name is a C string; the result points to static memory that is read before the
    // next call, and no other thread of ours makes one.
    unsafe {
        let entry = libc::getpwnam(name.as_ptr());
        (!entry.is_null()).then(|| User { uid: (*entry).pw_uid, gid: (*entry).pw_gid })
    }
}

/// Creates the data folder, for its owner alone. If root creates it, the unprivileged user may
/// enter it, but not list it. An existing folder keeps its mode: it may be anybody's.
pub fn make_data_dir(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    let make = || {
        if let Some(parent) = folder.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
        if let Some(user) = unprivileged() {
            chown(folder, None, Some(user.gid))?;
            std::fs::set_permissions(folder, Permissions::from_mode(0o710))?;
        }
        Ok(())
    };
    make().map_err(Error::file("make the data folder", folder))
}

/// Checks that the data folder, which need not exist yet, can be used.
///
/// # Errors
/// The reason why not, in words.
pub fn check_data_dir(folder: &Path) -> Result<(), String> {
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    tempfile::tempfile_in(there)
        .map_err(|error| format!("{} cannot be written to: {error}", there.display()))?;
    let cluster = folder.join("postgres/cluster");
    let expected = unprivileged().map_or_else(own_id, |user| user.uid);
    match std::fs::metadata(&cluster).map(|found| found.uid()) {
        Ok(owner) if owner == expected => Ok(()),
        Ok(owner) => Err(format!(
            "{} belongs to user {owner}, but PostgreSQL is to run as user {expected}",
            cluster.display()
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{} cannot be looked at: {error}", cluster.display())),
    }
}

/// Creates a folder in the data folder for `user`, or for this process's user, alone. An existing
/// folder gets the same mode and owner.
pub(crate) fn make_folder(folder: &Path, user: Option<User>) -> Result<(), Error> {
    let make = || {
        std::fs::DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
        match user {
            Some(user) => chown(folder, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        }
    };
    make().map_err(Error::file("make the folder", folder))
}
