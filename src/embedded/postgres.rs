use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::distr::{Alphanumeric, SampleString};
use sqlx::{Connection, Executor, PgConnection};

use crate::child::{self, Child, Found};
use crate::keep_running::Private;
use crate::socket_folder::SocketFolder;
use crate::user::{self, User};
use crate::{Error, private_file, programs};

/// A private PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    url: String,
    port: u16,
    data_dir: PathBuf,
    socket: Option<SocketFolder>,
    _lock: File,
}

impl Postgres {
    /// Starts the server on the data in `data_dir`, which is created the first time.
    ///
    /// # Errors
    /// When a program is missing, the folder is in use or cannot be reached, or the server does not
    /// come up.
    pub async fn start(data_dir: &Path) -> Result<Self, Error> {
        let server = programs::postgres("postgres")?;
        let user = user::unprivileged();
        user::make_data_dir(data_dir)?;
        let data_dir = &crate::canonical(data_dir)?;
        let lock = child::lock(data_dir, "postgres.lock")?;
        let home = data_dir.join("postgres");
        user::make_folder(&home, user)?;
        let password = initialize(&home, &home.join("cluster"), user)?;
        let cluster = crate::canonical(&home.join("cluster"))?;
        end_left_behind(&cluster).await?;
        let log = data_dir.join("postgres.log");
        let mut socket = SocketFolder::make(&home, user);
        for attempt in 1.. {
            let port = child::free_port()?;
            let mut command = child::command(&server);
            command.current_dir(&home).arg("-D").arg(&cluster);
            command.args(arguments(port, socket.as_ref().map(SocketFolder::path)));
            let child = Child::spawn("PostgreSQL", command, user, &log, libc::SIGINT)?;
            let url = |database: &str| url(&password, port, database, socket.as_ref());
            match wait_until_up(&child, &url("postgres"), &log).await {
                Ok(connection) => {
                    make_database(connection).await.map_err(Error::Database)?;
                    let (url, data_dir) = (url("colloquy"), data_dir.to_owned());
                    return Ok(Self { child, url, port, data_dir, socket, _lock: lock });
                }
                Err(Error::Database(error)) if is_wrong_password(&error) => {
                    child.stop(libc::SIGINT).await?;
                    return Err(Error::PasswordWrong { file: home.join(PASSWORD_FILE), cluster });
                }
                // Not every file system supports sockets: one shared by a virtual machine may not.
                Err(_) if socket.is_some() && child::log_tail(&log).contains("Unix-domain") => {
                    tracing::warn!("PostgreSQL cannot listen on a unix socket: TCP is used");
                    if let Some(socket) = socket.take() {
                        socket.remove();
                    }
                }
                // Another process took the port between the probe and the start.
                Err(_) if attempt < 5 && child::log_tail(&log).contains("in use") => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// The URL of its database `colloquy`, password included.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's process.
    pub fn pid(&self) -> i32 {
        self.child.pid()
    }

    #[cfg(test)]
    pub(crate) fn socket_folder(&self) -> Option<&str> {
        self.socket.as_ref().map(SocketFolder::path)
    }

    /// Disconnects all clients, writes everything out and waits until the server has exited.
    ///
    /// # Errors
    /// When it does not exit in time.
    pub async fn stop(self) -> Result<(), Error> {
        self.child.stop(libc::SIGINT).await?;
        if let Some(socket) = self.socket {
            socket.remove();
        }
        Ok(())
    }
}

impl Private for Postgres {
    const NAME: &str = "PostgreSQL";

    async fn ended(&mut self) -> String {
        self.child.ended().await;
        child::log_tail(&self.data_dir.join("postgres.log"))
    }

    /// Restarts on the same port and socket. Processes of the server that exited may hold its
    /// shared memory a moment longer, and PostgreSQL does not start before they are gone.
    async fn restart(&mut self) -> Result<(), Error> {
        let server = programs::postgres("postgres")?;
        let home = self.data_dir.join("postgres");
        let cluster = crate::canonical(&home.join("cluster"))?;
        let log = self.data_dir.join("postgres.log");
        end_left_behind(&cluster).await?;
        let started = Instant::now();
        loop {
            let mut command = child::command(&server);
            command.current_dir(&home).arg("-D").arg(&cluster);
            command.args(arguments(self.port, self.socket.as_ref().map(SocketFolder::path)));
            let user = user::unprivileged();
            self.child = Child::spawn(Self::NAME, command, user, &log, libc::SIGINT)?;
            match wait_until_up(&self.child, &self.url, &log).await {
                Ok(connection) => return connection.close().await.map_err(Error::Database),
                Err(_) if started.elapsed() < HELD_AT_MOST && self.child.has_exited() => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// How long the remains of a crashed server may block its next start.
const HELD_AT_MOST: Duration = Duration::from_secs(10);

const PASSWORD_FILE: &str = "password";

/// Whether a private cluster was ever created in the folder.
pub fn is_made(data_dir: &Path) -> bool {
    is_cluster(&data_dir.join("postgres/cluster"))
}

fn is_cluster(folder: &Path) -> bool {
    folder.join("PG_VERSION").is_file()
}

/// Uses the socket if there is one: a small query takes three tenths less time than over TCP. A
/// client without sockets uses the host in the authority. `sslmode` is explicit, so that nothing in
/// the environment overrides it.
fn url(password: &str, port: u16, database: &str, socket: Option<&SocketFolder>) -> String {
    let host = socket.map(|folder| format!("&host={}", folder.encoded())).unwrap_or_default();
    format!("postgres://colloquy:{password}@127.0.0.1:{port}/{database}?sslmode=disable{host}")
}

/// The server listens on loopback too, for clients without sockets.
pub(crate) fn arguments(port: u16, socket: Option<&str>) -> Vec<String> {
    // The setting is a list; quotes allow a space in the path.
    let folder = socket.map(|path| format!("\"{path}\"")).unwrap_or_default();
    let mut arguments = vec!["-p".to_owned(), port.to_string()];
    arguments.extend(["-c".to_owned(), format!("unix_socket_directories={folder}")]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "max_connections=200",
        "shared_buffers=128MB",
        "wal_compression=on",
        "max_wal_size=2GB",
        // The details of an error may quote user-written text, which nothing erases from a log.
        "log_error_verbosity=terse",
    ] {
        arguments.extend(["-c".to_owned(), setting.to_owned()]);
    }
    arguments
}

/// Creates the cluster if there is none, and returns its password. Never replaces anything in its
/// place: that may be all data of the installation.
fn initialize(home: &Path, cluster: &Path, user: Option<User>) -> Result<String, Error> {
    let password_file = home.join(PASSWORD_FILE);
    let kept = private_file::read(&password_file)?;
    if is_cluster(cluster) {
        return kept.ok_or_else(|| Error::PasswordMissing {
            file: password_file,
            cluster: cluster.to_owned(),
        });
    }
    match std::fs::remove_dir(cluster) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Error::file("begin a new database in", cluster)(error));
        }
        // The folder did not exist, or was empty.
        _ => {}
    }
    let password = match kept {
        Some(password) => password,
        None => {
            let password = Alphanumeric.sample_string(&mut rand::rng(), 32);
            private_file::keep_first_for(&password_file, &password, user)?;
            password
        }
    };
    // Left behind by a first start that was killed: no server has ever run on it.
    let unfinished = home.join("cluster.new");
    let _ = std::fs::remove_dir_all(&unfinished);
    run_initdb(&unfinished, &password_file, user)?;
    std::fs::rename(&unfinished, cluster).map_err(Error::file("put in place", cluster))?;
    private_file::sync_folder(home)?;
    Ok(password)
}

pub(crate) fn run_initdb(
    cluster: &Path,
    password_file: &Path,
    user: Option<User>,
) -> Result<(), Error> {
    use std::os::unix::process::CommandExt;
    let program = programs::postgres("initdb")?;
    let mut command = child::command(&program);
    command
        .current_dir(cluster.parent().unwrap_or(Path::new("/")))
        .args(["--username=colloquy", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"])
        .args(["--data-checksums", "--no-instructions"])
        .arg(format!("--pwfile={}", password_file.display()))
        .arg(cluster);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    let output =
        command.output().map_err(|source| Error::Run { program: program.clone(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let hint = if user.is_some() {
        " (as root it runs as an unprivileged user, who must be able to reach the data folder: set \
         COLLOQUY_DATA_DIR)"
    } else {
        ""
    };
    Err(Error::NotUp { server: "initdb", log: format!("{}{hint}", lines.join(" | ")) })
}

/// Stops a server that still runs on this data although the lock is free. PostgreSQL itself refuses
/// to start while a process of its user has the pid in its pid file; if that is another program,
/// the file is removed.
async fn end_left_behind(cluster: &Path) -> Result<(), Error> {
    let pid_file = cluster.join("postmaster.pid");
    let text = std::fs::read_to_string(&pid_file).unwrap_or_default();
    let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok()) else {
        return Ok(());
    };
    if !child::is_alive(pid) {
        return Ok(());
    }
    match child::judge(pid, "postgres", "-D", cluster) {
        Found::OurServer => child::end_left_behind(pid, libc::SIGINT, "PostgreSQL").await,
        Found::Stranger => {
            std::fs::remove_file(&pid_file).map_err(Error::file("remove the stale", &pid_file))
        }
        Found::Unclear => Ok(()),
    }
}

async fn wait_until_up(child: &Child, url: &str, log: &Path) -> Result<PgConnection, Error> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) && !child.has_exited() {
        match PgConnection::connect(url).await {
            Ok(connection) => return Ok(connection),
            Err(error) if is_wrong_password(&error) => return Err(Error::Database(error)),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    Err(Error::NotUp { server: "PostgreSQL", log: child::log_tail(log) })
}

fn is_wrong_password(error: &sqlx::Error) -> bool {
    const INVALID_PASSWORD: &str = "28P01";
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some(INVALID_PASSWORD)
}

async fn make_database(mut connection: PgConnection) -> Result<(), sqlx::Error> {
    let found = sqlx::query("select from pg_database where datname = 'colloquy'")
        .fetch_optional(&mut connection)
        .await?;
    if found.is_none() {
        connection.execute("create database colloquy").await?;
    }
    connection.close().await
}
