//! What the user of a terminal sees of long-running work.

use std::fs::File;
use std::io::Read;
use std::os::fd::FromRawFd;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::json;
use sqlx::Executor;

use crate::harness::{Installation, wait_until};

/// A verb whose standard error is a terminal.
struct Watched {
    child: Child,
    seen: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
}

/// Clears the line and goes to its beginning.
const CLEARED: &str = "\r\u{1b}[2K";

impl Watched {
    fn start(installation: &Installation, arguments: &[&str]) -> Self {
        let (mut ours, mut theirs) = (0, 0);
        let size = libc::winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        let none = std::ptr::null_mut();
        // SAFETY: both numbers and the size outlive the call, and the optional arguments are null.
        let opened = unsafe { libc::openpty(&mut ours, &mut theirs, none, none.cast(), &size) };
        assert_eq!(opened, 0);
        // SAFETY: they were opened above, and nobody else has them.
        let (mut ours, theirs) = unsafe { (File::from_raw_fd(ours), File::from_raw_fd(theirs)) };
        let mut verb = installation.verb(arguments);
        verb.env("TERM", "xterm").stdout(Stdio::piped()).stderr(theirs);
        let child = verb.spawn().unwrap();
        // It holds the other end of the terminal, too.
        drop(verb);
        let seen = Arc::new(Mutex::new(String::new()));
        let told = seen.clone();
        let reading = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // An error is the end: nobody has the terminal open any more.
            while let Ok(length @ 1..) = ours.read(&mut bytes) {
                told.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        });
        Self { child, seen, reading }
    }

    fn seen(&self) -> String {
        self.seen.lock().unwrap().clone()
    }

    /// Its status, its standard output, and everything that the terminal showed.
    fn ended(self) -> (Option<i32>, String, String) {
        let ended = self.child.wait_with_output().unwrap();
        self.reading.join().unwrap();
        let seen = self.seen.lock().unwrap().clone();
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap(), seen)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_shows_a_bar_and_when_it_is_interrupted_how_to_go_on() {
    let installation = Installation::new().await;
    let server = installation.start();
    server.caller("bob").arrive().await;
    let ann = server.caller("ann");
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "hi").await;
    let rebuild = ["replay", "projection", "--all"];
    let (status, output, seen) = Watched::start(&installation, &rebuild).ended();
    assert!(status == Some(0) && output.starts_with("all read models: rebuilt"), "{output}");
    assert!(seen.contains("building ██████████████████████████████ 4/4 "), "{seen:?}");
    assert!(seen.contains("/s, 0 seconds left"), "{seen:?}");
    assert!(
        seen.ends_with(CLEARED) && !seen.contains('\n'),
        "one line, and in the end none: {seen:?}"
    );

    // The switch has to wait as long as somebody reads the old tables.
    let pool = installation.pool().await;
    let mut reader = pool.begin().await.unwrap();
    reader.execute("lock table messages in access share mode").await.unwrap();
    let watched = Watched::start(&installation, &rebuild);
    wait_until("it waits", async || watched.seen().contains("waiting for a moment")).await;
    // As Ctrl-C does.
    // SAFETY: a plain system call on a child that has not been waited for.
    unsafe { libc::kill(watched.child.id() as i32, libc::SIGINT) };
    let (status, output, seen) = watched.ended();
    assert_eq!((status, output.as_str()), (Some(1), ""));
    let line = seen.rsplit(CLEARED).next().unwrap();
    assert_eq!(
        line,
        "colloquy: interrupted: the read models shown are unchanged; run the same command again \
         to continue\r\n"
    );
    reader.rollback().await.unwrap();
    let held: i64 = sqlx::query_scalar("select count(*) from leases where name like 'rebuild%'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(held, 0, "the next one need not wait");
    let built = installation.done(&rebuild);
    assert!(built.starts_with("all read models: rebuilt up to position 4 "), "{built}");
}
