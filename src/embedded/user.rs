use std::ffi::CString;
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

/// The unprivileged user for when we are root: `postgres` where the package made one, else `nobody`.
pub(crate) fn unprivileged() -> Option<User> {
    if !is_root() {
        return None;
    }
    ["postgres", "nobody"].into_iter().find_map(look_up)
}

fn look_up(name: &str) -> Option<User> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name is a C string; the answer points to static memory that is read before the next call,
    // and no other thread of ours asks.
    unsafe {
        let entry = libc::getpwnam(name.as_ptr());
        (!entry.is_null()).then(|| User { uid: (*entry).pw_uid, gid: (*entry).pw_gid })
    }
}

/// Makes a folder, and gives it to the unprivileged user if there is one.
pub(crate) fn make_folder(folder: &Path, user: Option<User>) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::file("make the folder", folder))?;
    if let Some(user) = user {
        std::os::unix::fs::chown(folder, Some(user.uid), Some(user.gid))
            .map_err(Error::file("hand over the folder", folder))?;
    }
    Ok(())
}
