use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::user::User;
use crate::{Error, private_file};

/// A program with a minimal environment: ours holds secrets, and variables for PostgreSQL's
/// programs (`PGDATA`, `PGHOST` …) are about another server.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        name.starts_with("LC_") || ["PATH", "HOME", "LANG", "TZ", "TMPDIR"].contains(&&*name)
    }));
    command
}

/// A server process that does not outlive this process.
#[derive(Debug)]
pub(crate) struct Child {
    pid: i32,
    exited: watch::Receiver<Option<ExitStatus>>,
    server: &'static str,
}

impl Child {
    /// Starts a program with its output in `log`. `parting` is the signal that the kernel sends to
    /// it when this process dies.
    ///
    /// To the kernel the parent is the thread that forked, not the process. So each child has a
    /// thread, which forks and then waits for the child to exit.
    pub(crate) fn spawn(
        server: &'static str,
        mut command: Command,
        user: Option<User>,
        log: &Path,
        parting: i32,
    ) -> Result<Self, Error> {
        let output = begin_log(log)?;
        let errors = output.try_clone().map_err(Error::file("write", log))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        if let Some(user) = user {
            command.uid(user.uid).gid(user.gid);
        }
        make_files_private(&mut command);
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

    /// Returns when the server has exited, for any reason.
    pub(crate) async fn ended(&mut self) {
        // An error means that the thread that waits for the child has ended, and the child does not
        // outlive that thread.
        let _ = self.exited.wait_for(Option::is_some).await;
    }

    /// Sends `signal` and waits for the exit, at most 30 s; then kills.
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

fn make_files_private(command: &mut Command) {
    // SAFETY: the call is async-signal-safe, and cannot fail.
    unsafe {
        command.pre_exec(|| {
            libc::umask(0o077);
            Ok(())
        });
    }
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command, signal: i32) {
    let parent = std::process::id() as i32;
    // SAFETY: both calls are async-signal-safe. Set after the change of user, which would clear the
    // setting.
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

/// Without the kernel's help, a server that a killed parent left is stopped at the next start.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command, _: i32) {}

pub(crate) fn send(pid: i32, signal: i32) {
    // SAFETY: a plain system call; an error means that the process is gone, which is as good.
    unsafe {
        libc::kill(pid, signal);
    }
}

pub(crate) fn is_alive(pid: i32) -> bool {
    // SAFETY: signal 0 only checks that the process exists.
    pid > 0 && unsafe { libc::kill(pid, 0) } == 0
}

/// Whether the process in a folder's pid file is the server of that folder. The pid may have been
/// reused since by any other process, even by the same server of another folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The `program` that was started with `flag` and the folder after it.
    OurServer,
    /// A process whose working directory is not the folder.
    Stranger,
    /// Cannot be determined.
    Unclear,
}

pub(crate) fn judge(pid: i32, program: &str, flag: &str, folder: &Path) -> Found {
    let arguments = arguments(pid);
    let name = arguments.first().and_then(|first| Path::new(first).file_name());
    let given = arguments.iter().position(|argument| argument == flag);
    let given = given.and_then(|position| arguments.get(position + 1)).map(Path::new);
    let given = given.filter(|given| given.is_absolute()).map(std::fs::canonicalize);
    if name == Some(OsStr::new(program)) && given.is_some_and(|g| g.is_ok_and(|g| g == folder)) {
        return Found::OurServer;
    }
    match std::fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(works_in) if works_in != folder => Found::Stranger,
        _ => Found::Unclear,
    }
}

/// A process's command line; empty if the system does not reveal it.
fn arguments(pid: i32) -> Vec<OsString> {
    if let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        let arguments = line.split(|byte| *byte == 0).filter(|argument| !argument.is_empty());
        return arguments.map(|argument| OsString::from_vec(argument.to_vec())).collect();
    }
    let ps = Command::new("ps").args(["-o", "args=", "-p", &pid.to_string()]).output();
    let line = ps.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    line.unwrap_or_default().split_whitespace().map(OsString::from).collect()
}

/// Opens or creates a file that only its owner can read, and keeps its content.
fn make_private(path: &Path) -> Result<File, Error> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path).map_err(Error::file("write", path))?;
    private_file::close_to_others(path)?;
    Ok(file)
}

/// Locks the folder for this process. Dropping the file releases the lock, and so does a crash.
pub(crate) fn lock(folder: &Path, name: &str) -> Result<File, Error> {
    let path = folder.join(name);
    let file = make_private(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse { folder: folder.to_owned() }),
        Err(std::fs::TryLockError::Error(source)) => {
            Err(Error::File { doing: "lock", path, source })
        }
    }
}

/// Stops a server that a killed parent left behind: with the polite signal, after 15 s with
/// SIGKILL.
pub(crate) async fn end_left_behind(
    pid: i32,
    polite: i32,
    server: &'static str,
) -> Result<(), Error> {
    if !is_alive(pid) {
        return Ok(());
    }
    tracing::warn!(pid, server, "stopping a server that an earlier run left behind");
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

/// Whether a port is free.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

pub(crate) fn free_port() -> Result<u16, Error> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::file("bind a port on", Path::new("127.0.0.1")))
}

/// Bytes that are kept of a server's earlier logs.
const LOG_BYTES_KEPT: usize = 64 * 1024;
/// Marks where a run begins in a server's log.
const LOG_MARK: &str = "---- started by colloquy ----";

/// Opens a server's log for another run. The end of the earlier log is kept, because it says why
/// the last run ended.
fn begin_log(log: &Path) -> Result<File, Error> {
    let failed = || Error::file("write", log);
    let mut file = make_private(log)?;
    let before = std::fs::read(log).map_err(Error::file("read", log))?;
    let kept = &before[before.len().saturating_sub(LOG_BYTES_KEPT)..];
    file.set_len(0).map_err(failed())?;
    file.write_all(kept).map_err(failed())?;
    writeln!(file, "{LOG_MARK}").map_err(failed())?;
    Ok(file)
}

/// The last five lines that a server logged in its last run, on one line.
pub(crate) fn log_tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last_run = text.rsplit(LOG_MARK).next().unwrap_or_default();
    let lines = last_run.lines().filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}
