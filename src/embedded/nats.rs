use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use async_nats::jetstream::context::GetStreamErrorKind;

use crate::child::{self, Child};
use crate::{Error, programs, user};

/// A private NATS server with JetStream.
#[derive(Debug)]
pub struct Nats {
    child: Child,
    url: String,
    port: u16,
    _lock: File,
}

impl Nats {
    /// Starts the server on the data in `data_dir`, which is made at the first time.
    ///
    /// # Errors
    /// When the program is missing, the folder is in use, or the server does not come up.
    pub async fn start(data_dir: &Path) -> Result<Self, Error> {
        Self::start_on(data_dir, None).await
    }

    /// The same, on a port that was used before, so that clients find the server again.
    ///
    /// # Errors
    /// As [`start`](Self::start); also when the port is taken.
    pub async fn start_on(data_dir: &Path, port: Option<u16>) -> Result<Self, Error> {
        Self::start_with(data_dir, port, None).await
    }

    /// The same with a configuration file of the server's own, beside which the arguments stay as they are.
    ///
    /// # Errors
    /// As [`start_on`](Self::start_on); also when the server does not like the file.
    pub async fn start_with(
        data_dir: &Path,
        port: Option<u16>,
        configuration: Option<&Path>,
    ) -> Result<Self, Error> {
        let server = programs::nats()?;
        user::make_folder(data_dir, None)?;
        let lock = child::lock(data_dir, "nats.lock")?;
        let store = data_dir.join("nats");
        user::make_folder(&store, None)?;
        let pid_file = data_dir.join("nats.pid");
        if let Some(pid) = left_behind(&pid_file) {
            child::end_left_behind(pid, libc::SIGTERM, "nats-server").await?;
        }
        let log = data_dir.join("nats.log");
        for attempt in 1.. {
            let free_port = match port {
                Some(port) => port,
                None => child::free_port()?,
            };
            let mut command = Command::new(&server);
            command
                .args(["-a", "127.0.0.1", "-p", &free_port.to_string(), "-js", "-sd"])
                .arg(&store);
            command.arg("-P").arg(&pid_file);
            command.args(configuration.iter().flat_map(|file| [Path::new("-c"), file]));
            let child = Child::spawn("nats-server", command, None, &log, libc::SIGTERM)?;
            let url = format!("nats://127.0.0.1:{free_port}");
            match wait_until_up(&child, &url, &log).await {
                Ok(()) => return Ok(Self { child, url, port: free_port, _lock: lock }),
                // Somebody took the port between the probe and the start.
                Err(_) if attempt < 5 && child::log_tail(&log).contains("in use") => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's process.
    pub fn pid(&self) -> i32 {
        self.child.pid()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash would.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn kill(self) -> Result<(), Error> {
        self.child.stop(libc::SIGKILL).await
    }

    /// Writes everything out and waits for the end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(self) -> Result<(), Error> {
        self.child.stop(libc::SIGTERM).await
    }
}

fn left_behind(pid_file: &Path) -> Option<i32> {
    let pid: i32 = std::fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
    // The number may have gone to another program since.
    let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    (command.contains("nats-server") || !Path::new("/proc").exists()).then_some(pid)
}

async fn wait_until_up(child: &Child, url: &str, log: &Path) -> Result<(), Error> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(30) && !child.has_exited() {
        if answers(url).await {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(Error::NotUp { server: "nats-server", log: child::log_tail(log) })
}

/// JetStream itself answers, if only that it has no such stream.
pub(crate) async fn answers(url: &str) -> bool {
    match async_nats::connect(url).await {
        Ok(client) => match async_nats::jetstream::new(client).get_stream("none").await {
            Ok(_) => true,
            Err(error) => matches!(error.kind(), GetStreamErrorKind::JetStream(_)),
        },
        Err(_) => false,
    }
}
