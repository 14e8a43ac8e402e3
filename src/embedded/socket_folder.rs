//! The folder of the private PostgreSQL's unix socket.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use crate::user::{self, User};

/// Longest path in a socket's address, without the closing zero (the address has 108 bytes on
/// Linux, 104 elsewhere).
const ADDRESS_LENGTH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
const LONGEST_NAME: &str = "/.s.PGSQL.65535";

/// A folder that only the server's user and root can enter.
#[derive(Debug)]
pub(crate) struct SocketFolder {
    path: String,
    is_temporary: bool,
}

impl SocketFolder {
    /// Creates the folder beside the cluster, or in the temporary folder if that path does not fit
    /// into an address. `None` if neither is possible: then TCP is used.
    pub(crate) fn make(home: &Path, user: Option<User>) -> Option<Self> {
        let beside = std::path::absolute(home.join("socket")).ok();
        let temporary = std::env::temp_dir().join(temporary_name(home));
        [(beside, false), (Some(temporary), true)].into_iter().find_map(|(path, is_temporary)| {
            let path = path?.to_str().filter(|path| fits(path))?.to_owned();
            make_private(Path::new(&path), user).ok()?;
            Some(Self { path, is_temporary })
        })
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The path, encoded for a URL's query.
    pub(crate) fn encoded(&self) -> String {
        utf8_percent_encode(&self.path, NON_ALPHANUMERIC).to_string()
    }

    /// Removes the folder if it is outside the data folder. The server has removed its socket when
    /// it stopped.
    pub(crate) fn remove(self) {
        if self.is_temporary {
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// The same name at each start, so that a folder left by a killed process is reused.
fn temporary_name(home: &Path) -> PathBuf {
    let home = std::path::absolute(home).unwrap_or_else(|_| home.to_owned());
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, home.as_os_str().as_encoded_bytes());
    PathBuf::from(format!("colloquy-{}", id.simple()))
}

/// Whether a path can be used: a comma separates hosts in a PostgreSQL URL, and quotes delimit
/// folders in its settings.
fn fits(path: &str) -> bool {
    path.starts_with('/')
        && path.len() + LONGEST_NAME.len() <= ADDRESS_LENGTH_MAX
        && !path.contains([',', '"', '\''])
}

/// Creates the folder, or uses an existing one if the right user owns it and nobody else can enter
/// it: in the temporary folder any user may create anything.
fn make_private(path: &Path, user: Option<User>) -> std::io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => match user {
            Some(user) => std::os::unix::fs::lchown(path, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = std::fs::symlink_metadata(path)?;
            let owner = user.map_or_else(user::own_id, |user| user.uid);
            let is_private = found.is_dir() && found.uid() == owner && found.mode() & 0o077 == 0;
            if is_private { Ok(()) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::testing::folder;

    #[test]
    fn a_socket_lies_beside_the_cluster_and_only_its_user_can_enter() {
        let home = folder();
        let made = SocketFolder::make(&home, user::unprivileged()).unwrap();
        assert_eq!(Path::new(made.path()), home.join("socket"));
        let mode = std::fs::metadata(made.path()).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_path_that_is_too_long_or_cannot_be_named_is_given_up_for_a_short_one() {
        let temporary = folder();
        for name in ["long".repeat(30), "with,comma".to_owned(), "with\"quote".to_owned()] {
            let home = temporary.join(name);
            std::fs::create_dir_all(&home).unwrap();
            let made = SocketFolder::make(&home, None).unwrap();
            let path = PathBuf::from(made.path());
            assert_eq!(path.parent(), Some(&*std::env::temp_dir()));
            let again = SocketFolder::make(&home, None).unwrap();
            assert_eq!(again.path(), made.path());
            made.remove();
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_folder_that_others_can_enter_is_not_used() {
        let home = folder();
        let beside = home.join("socket");
        std::fs::create_dir(&beside).unwrap();
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o777)).unwrap();
        let made = SocketFolder::make(&home, None).unwrap();
        assert_ne!(Path::new(made.path()), beside);
        made.remove();
    }
}
