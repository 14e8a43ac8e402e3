//! Private PostgreSQL and NATS servers, for `serve` without configuration and for every test.
//!
//! Servers are child processes on their own loopback ports, with their data under one folder. They
//! die with this process, however it dies; the next start cleans up what a killed process left
//! behind. fsync stays on. PostgreSQL refuses to run as root, so there an unprivileged user runs
//! it.
//!
//! Deliberately not here: pooling, schemas, anything that depends on what the servers are used for.
//! Another server is another file beside `postgres.rs` and `nats.rs`, built on `child.rs`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

mod access;
mod child;
mod keep_running;
mod nats;
mod postgres;
pub mod private_file;
mod programs;
mod socket_folder;
pub mod testing;
#[cfg(test)]
mod tests;
mod user;

use std::path::PathBuf;

pub use access::Access;
pub use keep_running::{Private, keep_running};
pub use nats::Nats;
pub use postgres::{Postgres, is_made};
pub use user::{check_data_dir, make_data_dir, own_name};

/// Why a server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program is missing; the message says what to install.
    #[error("{what} is not installed: install {package}")]
    Missing {
        /// The program's name in messages.
        what: &'static str,
        /// What to install, by package manager.
        package: &'static str,
    },
    /// Another living process uses the folder.
    #[error("the data folder {} is in use by another running colloquy", .folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder could not be created, read, written or locked.
    #[error("cannot {doing} {}", .path.display())]
    File {
        /// What failed, as an infinitive.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// A program could not be run.
    #[error("cannot run {}", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// A server exited or did not respond in time; the tail of its log says why.
    #[error("{server} did not come up: {log}")]
    NotUp {
        /// The name of the server.
        server: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// A server has exited again and again; the tail of its log may say why.
    #[error("the private {server} has ended {times} times within 10 minutes, last with: {log}")]
    KeepsEnding {
        /// The name of the server.
        server: &'static str,
        /// How many times it has exited.
        times: usize,
        /// The last lines of its log.
        log: String,
    },
    /// A server did not exit when told to.
    #[error("{server} did not stop within {seconds} s")]
    NotDown {
        /// The name of the server.
        server: &'static str,
        /// How long the wait was.
        seconds: u64,
    },
    /// The cluster exists, but its password file is missing; a new password would not open it.
    #[error(
        "{} is missing, and the database in {} cannot be opened without it: put the file back, or \
         move that folder away to begin with an empty database",
        .file.display(),
        .cluster.display()
    )]
    PasswordMissing {
        /// Where the password should be.
        file: PathBuf,
        /// The folder of the cluster.
        cluster: PathBuf,
    },
    /// The cluster was created with another password.
    #[error(
        "the database in {} was made with another password than the one in {}: put the right file \
         back",
        .cluster.display(),
        .file.display()
    )]
    PasswordWrong {
        /// Where the password is.
        file: PathBuf,
        /// The folder of the cluster.
        cluster: PathBuf,
    },
    /// The private database could not be set up.
    #[error("cannot set up the private database")]
    Database(#[source] sqlx::Error),
}

impl Error {
    fn file(doing: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }
}

/// The canonical path of a folder, so that processes can be matched to it.
fn canonical(folder: &std::path::Path) -> Result<PathBuf, Error> {
    std::fs::canonicalize(folder).map_err(Error::file("find", folder))
}

/// The default data folder of the private servers. For root it is a folder that the unprivileged
/// user of the private PostgreSQL can reach, unlike root's home.
pub fn default_data_dir() -> PathBuf {
    if user::is_root() {
        return PathBuf::from("/var/lib/colloquy");
    }
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(home)
        .unwrap_or_else(std::env::temp_dir)
        .join("colloquy")
}
