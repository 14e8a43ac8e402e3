use std::path::{Path, PathBuf};

use crate::Error;

/// The path of a PostgreSQL program: in the folders of Debian and Homebrew, newest version first,
/// or else in `PATH`.
pub(crate) fn postgres(name: &'static str) -> Result<PathBuf, Error> {
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    if let Ok(entries) = std::fs::read_dir("/usr/lib/postgresql") {
        for entry in entries.flatten() {
            if let Some(version) = entry.file_name().to_str().and_then(|v| v.parse().ok()) {
                versions.push((version, entry.path().join("bin")));
            }
        }
    }
    for version in 15..=20 {
        for brew in ["/opt/homebrew/opt", "/usr/local/opt"] {
            versions.push((version, PathBuf::from(format!("{brew}/postgresql@{version}/bin"))));
        }
    }
    versions.retain(|(version, _)| *version >= 15);
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let folders = versions.into_iter().map(|(_, folder)| folder);
    find(name, folders).ok_or(Error::Missing {
        what: "PostgreSQL 15 or newer",
        package: "postgresql (apt) or postgresql@17 (brew), or set DATABASE_URL",
    })
}

/// The path of the NATS server.
pub(crate) fn nats() -> Result<PathBuf, Error> {
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/bin"));
    let folders =
        home.into_iter().chain(["/opt/homebrew/bin", "/usr/local/bin"].map(PathBuf::from));
    find("nats-server", folders).ok_or(Error::Missing {
        what: "nats-server 2.9 or newer",
        package: "nats-server (apt or brew), or set NATS_URL",
    })
}

fn find(name: &str, also: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // `PATH` comes last: what it has may be a wrapper of the distribution.
    also.chain(std::env::split_paths(&path)).map(|folder| folder.join(name)).find(|p| p.is_file())
}
