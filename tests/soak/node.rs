//! A node: the real server, started again whenever it ends.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

const PAUSE_BEFORE_RESTART: Duration = Duration::from_millis(500);

/// Stopped when dropped.
pub struct Node {
    pub url: String,
    state: Arc<State>,
    keeper: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    pid: AtomicI32,
    stopping: AtomicBool,
    /// The next end is caused by the soak.
    told_to_end: AtomicBool,
    /// Each time that it ended without such a cause.
    own_ends: Mutex<Vec<String>>,
}

/// The settings that a node is started with.
#[derive(Clone)]
pub struct Settings {
    pub server: PathBuf,
    pub variables: Vec<(&'static str, String)>,
    pub log: PathBuf,
}

impl Node {
    pub fn start(settings: Settings) -> Self {
        let address = free_address();
        let state = Arc::new(State::default());
        let (kept, url) = (state.clone(), format!("http://{address}"));
        // The kernel ends a child with the thread that started it, so that thread stays alive.
        let keeper = std::thread::spawn(move || keep(&kept, &settings, &address));
        Self { url, state, keeper: Some(keeper) }
    }

    /// The id of its process; 0 while there is none.
    pub fn pid(&self) -> i32 {
        self.state.pid.load(Ordering::SeqCst)
    }

    /// Returns a function that tells the id of its process at the time of the call.
    pub fn watch(&self) -> Box<dyn Fn() -> i32 + Send> {
        let state = self.state.clone();
        Box::new(move || state.pid.load(Ordering::SeqCst))
    }

    pub fn signal(&self, signal: i32) {
        signal_to(self.pid(), signal);
    }

    /// Ends it by a signal; it is started again.
    pub fn kill(&self, signal: i32) {
        self.state.told_to_end.store(true, Ordering::SeqCst);
        self.signal(signal);
    }

    pub fn own_ends(&self) -> Vec<String> {
        self.state.own_ends.lock().unwrap().clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.state.stopping.store(true, Ordering::SeqCst);
        self.kill(libc::SIGKILL);
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn keep(state: &State, settings: &Settings, address: &str) {
    while !state.stopping.load(Ordering::SeqCst) {
        let log = File::options().create(true).append(true).open(&settings.log).unwrap();
        let mut command = Command::new(&settings.server);
        command.args(["serve", "--listen", address, "--connections-max", "16"]);
        command.envs(settings.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        die_with_parent(&mut command);
        let mut child = command.spawn().unwrap();
        state.pid.store(child.id() as i32, Ordering::SeqCst);
        if state.stopping.load(Ordering::SeqCst) {
            signal_to(child.id() as i32, libc::SIGKILL);
        }
        let status = child.wait().unwrap();
        state.pid.store(0, Ordering::SeqCst);
        if !state.told_to_end.swap(false, Ordering::SeqCst) {
            let end = format!("{status}: {}", last_line(&settings.log));
            state.own_ends.lock().unwrap().push(end);
        }
        std::thread::sleep(PAUSE_BEFORE_RESTART);
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let tail = String::from_utf8_lossy(&text[text.len().saturating_sub(4096)..]).into_owned();
    tail.lines().last().unwrap_or_default().to_owned()
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: the call is async-signal-safe.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

pub fn signal_to(pid: i32, signal: i32) {
    if pid > 0 {
        // SAFETY: a plain system call on a process of ours; one that has just ended is no matter.
        unsafe { libc::kill(pid, signal) };
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
