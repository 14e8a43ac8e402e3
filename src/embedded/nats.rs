use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use async_nats::jetstream::context::GetStreamErrorKind;
use rand::distr::{Alphanumeric, SampleString};

use crate::access::{ACCOUNT, Access, OWN_USER, READING_USER};
use crate::child::{self, Child, Found};
use crate::keep_running::Private;
use crate::{Error, private_file, programs, user};

const CONFIGURATION: &str = "nats.conf";

/// A private NATS server with JetStream.
#[derive(Debug)]
pub struct Nats {
    child: Child,
    url: String,
    reading_url: String,
    port: u16,
    data_dir: PathBuf,
    lock: File,
}

impl Nats {
    /// Starts the server on the data in `data_dir`, which is created the first time.
    ///
    /// # Errors
    /// When the program is missing, the folder is in use, or the server does not come up.
    pub async fn start(data_dir: &Path) -> Result<Self, Error> {
        Self::start_on(data_dir, None).await
    }

    /// The same on a given port, so that clients find a restarted server again.
    ///
    /// # Errors
    /// As [`start`](Self::start); also when the port is taken.
    pub async fn start_on(data_dir: &Path, port: Option<u16>) -> Result<Self, Error> {
        Self::start_with(data_dir, port, &Access::default(), "").await
    }

    /// The same with restricted users, and further lines in the server's configuration.
    ///
    /// # Errors
    /// As [`start_on`](Self::start_on); also when the server rejects the configuration.
    pub async fn start_with(
        data_dir: &Path,
        port: Option<u16>,
        access: &Access,
        further: &str,
    ) -> Result<Self, Error> {
        programs::nats()?;
        user::make_data_dir(data_dir)?;
        let data_dir = &crate::canonical(data_dir)?;
        let lock = child::lock(data_dir, "nats.lock")?;
        let passwords = (password(data_dir, OWN)?, password(data_dir, READING)?);
        // In a file, because any user of the machine can read a command line.
        let configuration = access.configure(&passwords.0, &passwords.1) + further;
        private_file::keep(&data_dir.join(CONFIGURATION), &configuration)?;
        Self::launch(data_dir, port, lock).await
    }

    /// Starts the server with the configuration in the folder.
    async fn launch(data_dir: &Path, port: Option<u16>, lock: File) -> Result<Self, Error> {
        let server = programs::nats()?;
        let store = data_dir.join("nats");
        user::make_folder(&store, None)?;
        let store = crate::canonical(&store)?;
        let passwords = (password(data_dir, OWN)?, password(data_dir, READING)?);
        let pid_file = data_dir.join("nats.pid");
        if let Some(pid) = left_behind(&pid_file, &store) {
            child::end_left_behind(pid, libc::SIGTERM, "nats-server").await?;
        }
        move_to_account(&store)?;
        let log = data_dir.join("nats.log");
        let kept_port = kept_port(data_dir)?;
        for attempt in 1.. {
            let free_port = match (port, kept_port) {
                (Some(port), _) => port,
                (None, Some(kept)) if attempt == 1 && child::is_free(kept) => kept,
                (None, _) => child::free_port()?,
            };
            let mut command = child::command(&server);
            command.arg("-c").arg(data_dir.join(CONFIGURATION));
            command.args(["-a", "127.0.0.1", "-p", &free_port.to_string(), "-js"]);
            command.arg("-sd").arg(&store).arg("-P").arg(&pid_file);
            let child = Child::spawn("nats-server", command, None, &log, libc::SIGTERM)?;
            match wait_until_up(&child, free_port, &passwords.0, &log).await {
                Ok(()) => {
                    keep_port(data_dir, kept_port, free_port)?;
                    let url = |user: &str, password: &str| {
                        format!("nats://{user}:{password}@127.0.0.1:{free_port}")
                    };
                    return Ok(Self {
                        child,
                        url: url(OWN_USER, &passwords.0),
                        reading_url: url(READING_USER, &passwords.1),
                        port: free_port,
                        data_dir: data_dir.to_owned(),
                        lock,
                    });
                }
                // Another process took the port between the probe and the start.
                Err(_) if attempt < 5 && child::log_tail(&log).contains("in use") => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// The URL, user and password included.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same for the user who may only read.
    pub fn reading_url(&self) -> &str {
        &self.reading_url
    }

    /// The server's process.
    pub fn pid(&self) -> i32 {
        self.child.pid()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills the server, as in a crash.
    ///
    /// # Errors
    /// When it does not exit in time.
    pub async fn kill(self) -> Result<(), Error> {
        self.child.stop(libc::SIGKILL).await
    }

    /// Shuts the server down with everything written out, and waits until it has exited.
    ///
    /// # Errors
    /// When it does not exit in time.
    pub async fn stop(self) -> Result<(), Error> {
        self.child.stop(libc::SIGTERM).await
    }
}

impl Private for Nats {
    const NAME: &str = "nats-server";

    async fn ended(&mut self) -> String {
        self.child.ended().await;
        child::log_tail(&self.data_dir.join("nats.log"))
    }

    async fn restart(&mut self) -> Result<(), Error> {
        let lock = self.lock.try_clone().map_err(Error::file("lock", &self.data_dir))?;
        *self = Self::launch(&self.data_dir.clone(), Some(self.port), lock).await?;
        Ok(())
    }
}

const OWN: &str = "nats-password";
const READING: &str = "nats-reader-password";

/// A user's password, created at the first start and kept, so that clients can log in after a
/// restart.
fn password(data_dir: &Path, file: &str) -> Result<String, Error> {
    let file = data_dir.join(file);
    private_file::keep_first(&file, &Alphanumeric.sample_string(&mut rand::rng(), 32))?;
    private_file::read(&file).map(Option::unwrap_or_default)
}

/// The file with the port of the last start, so that readers find the server again.
const PORT: &str = "nats-port";

fn kept_port(data_dir: &Path) -> Result<Option<u16>, Error> {
    let kept = private_file::read(&data_dir.join(PORT))?;
    Ok(kept.and_then(|kept| kept.trim().parse().ok()))
}

fn keep_port(data_dir: &Path, kept: Option<u16>, used: u16) -> Result<(), Error> {
    if kept == Some(used) {
        return Ok(());
    }
    if let Some(kept) = kept {
        tracing::warn!(
            port = used,
            taken = kept,
            "another process uses the port of the private NATS server: it has another from now on"
        );
    }
    private_file::keep(&data_dir.join(PORT), &used.to_string())
}

/// Moves streams from the time when there was only the server's own account into our account, so
/// that erasures reach them too.
fn move_to_account(store: &Path) -> Result<(), Error> {
    let (before, now) = (store.join("jetstream/$G"), store.join("jetstream").join(ACCOUNT));
    if !before.exists() || now.exists() {
        return Ok(());
    }
    std::fs::rename(&before, &now).map_err(Error::file("move", &before))
}

/// The pid of a server that still runs on this data although the lock is free.
fn left_behind(pid_file: &Path, store: &Path) -> Option<i32> {
    let pid: i32 = std::fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
    (child::judge(pid, "nats-server", "-sd", store) == Found::OurServer).then_some(pid)
}

async fn wait_until_up(child: &Child, port: u16, password: &str, log: &Path) -> Result<(), Error> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(30) && !child.has_exited() {
        let options =
            ConnectOptions::with_user_and_password(OWN_USER.to_owned(), password.to_owned());
        if answers(options, port).await {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(Error::NotUp { server: "nats-server", log: child::log_tail(log) })
}

/// Whether JetStream answers, even if only that it has no such stream.
pub(crate) async fn answers(options: ConnectOptions, port: u16) -> bool {
    match options.connect(format!("nats://127.0.0.1:{port}")).await {
        Ok(client) => match async_nats::jetstream::new(client).get_stream("none").await {
            Ok(_) => true,
            Err(error) => matches!(error.kind(), GetStreamErrorKind::JetStream(_)),
        },
        Err(_) => false,
    }
}
