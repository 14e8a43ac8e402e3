use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::Error;
use crate::user::User;

/// A server process that does not outlive us.
#[derive(Debug)]
pub(crate) struct Child {
    pid: i32,
    exited: watch::Receiver<Option<ExitStatus>>,
    server: &'static str,
}

impl Child {
    /// Starts a program with its output in `log`. `parting` is the signal that the kernel sends when we die.
    ///
    /// The kernel's parent is the thread that forked, not the process, so a thread is kept for each child: it
    /// forks, and then waits for the child's end.
    pub(crate) fn spawn(
        server: &'static str,
        mut command: Command,
        user: Option<User>,
        log: &Path,
        parting: i32,
    ) -> Result<Self, Error> {
        let output = File::create(log).map_err(Error::file("write", log))?;
        let errors = output.try_clone().map_err(Error::file("write", log))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        if let Some(user) = user {
            command.uid(user.uid).gid(user.gid);
        }
        die_with_parent(&mut command, parting);
        let program = command.get_program().to_owned();
        let (started, pid) = std::sync::mpsc::channel();
        let (exit, exited) = watch::channel(None);
        std::thread::spawn(move || match command.spawn() {
            Ok(mut child) => {
                let _ = started.send(Ok(child.id() as i32));
                let _ = exit.send(child.wait().ok());
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        });
        let pid = pid
            .recv()
            .unwrap_or_else(|_| Err(std::io::Error::other("the waiting thread ended")))
            .map_err(|source| Error::Run { program: program.into(), source })?;
        Ok(Self { pid, exited, server })
    }

    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    pub(crate) fn has_exited(&self) -> bool {
        self.exited.borrow().is_some() || self.exited.has_changed().is_err()
    }

    /// Sends `signal` and waits for the end.
    pub(crate) async fn stop(mut self, signal: i32) -> Result<(), Error> {
        const PATIENCE: Duration = Duration::from_secs(30);
        send(self.pid, signal);
        let ended = self.exited.wait_for(Option::is_some);
        match tokio::time::timeout(PATIENCE, ended).await {
            Ok(_) => Ok(()),
            Err(_elapsed) => {
                send(self.pid, libc::SIGKILL);
                Err(Error::NotDown { server: self.server, seconds: PATIENCE.as_secs() })
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command, signal: i32) {
    let parent = std::process::id() as i32;
    // SAFETY: both calls are async-signal-safe. Set after the change of user, which would clear it.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, signal) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            if libc::getppid() != parent {
                return Err(std::io::Error::other("the parent is gone"));
            }
            Ok(())
        });
    }
}

/// Without the kernel's help, what a killed parent leaves is stopped at the next start.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command, _: i32) {}

pub(crate) fn send(pid: i32, signal: i32) {
    // SAFETY: a plain system call; a process that is gone is an error that means the same.
    unsafe {
        libc::kill(pid, signal);
    }
}

pub(crate) fn is_alive(pid: i32) -> bool {
    // SAFETY: signal 0 only asks.
    pid > 0 && unsafe { libc::kill(pid, 0) } == 0
}

/// Takes the folder for this process; released when the file is dropped, also by a crash.
pub(crate) fn lock(folder: &Path, name: &str) -> Result<File, Error> {
    let path = folder.join(name);
    let file = File::create(&path).map_err(Error::file("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse { folder: folder.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => {
            Err(Error::File { doing: "lock", path, source })
        }
    }
}

/// Ends a server that a killed parent left, told by its pid file: politely, then not.
pub(crate) async fn end_left_behind(
    pid: i32,
    polite: i32,
    server: &'static str,
) -> Result<(), Error> {
    if !is_alive(pid) {
        return Ok(());
    }
    tracing::warn!(pid, server, "stopping what an earlier run left behind");
    for (signal, patience) in [(polite, 15), (libc::SIGKILL, 5)] {
        send(pid, signal);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(patience) {
            if !is_alive(pid) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Err(Error::NotDown { server, seconds: 20 })
}

pub(crate) fn free_port() -> Result<u16, Error> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::file("bind a port on", Path::new("127.0.0.1")))
}

/// The end of a server's log, on one line.
pub(crate) fn log_tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}
