use std::ffi::{CStr, CString};
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::Error;

/// Who runs a server that refuses to run as root.
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

/// The name of the user that we run as; the number of one who has no name.
pub fn own_name() -> String {
    // SAFETY: what the answer points to is read before the next call, and no other thread of ours
    // asks.
    unsafe {
        let entry = libc::getpwuid(own_id());
        if entry.is_null() {
            return own_id().to_string();
        }
        CStr::from_ptr((*entry).pw_name).to_string_lossy().into_owned()
    }
}

/// The unprivileged user for when we are root: `postgres` where the package made one, else
/// `nobody`.
pub(crate) fn unprivileged() -> Option<User> {
    if !is_root() {
        return None;
    }
    ["postgres", "nobody"].into_iter().find_map(look_up)
}

fn look_up(name: &str) -> Option<User> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name is a C string; the answer points to static memory that is read before the
    // next call, and no other thread of ours asks.
    unsafe {
        let entry = libc::getpwnam(name.as_ptr());
        (!entry.is_null()).then(|| User { uid: (*entry).pw_uid, gid: (*entry).pw_gid })
    }
}

/// Makes the folder that holds everything private, for its owner alone. Into one that root makes,
/// the unprivileged user may go, and no further. A folder that exists keeps its mode: it may be
/// anybody's.
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

/// Whether the folder, which need not be there yet, can hold everything private; why not.
///
/// # Errors
/// In words.
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

/// Makes a folder in it for its owner alone: the unprivileged user if there is one. So is one that
/// exists.
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
