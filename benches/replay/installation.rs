//! The servers, the log, and the release binary that works on them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use embedded::Postgres;
use embedded::testing::{self, Folder};
use event_store::{Keys, Log, MasterKey};
use sqlx::PgPool;

pub struct Installation {
    postgres: Postgres,
    nats_url: String,
    master_key: String,
    pub log: Log,
    pub folder: Folder,
}

/// The measurements of a verb that has ended.
pub struct Ran {
    pub seconds: f64,
    pub memory_mb: u64,
}

/// A server, killed when dropped.
pub struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Node {
    pub fn id(&self) -> i32 {
        self.0.id().cast_signed()
    }
}

impl Installation {
    pub async fn start() -> Self {
        let folder = testing::folder();
        let postgres = Postgres::start(&folder).await.unwrap();
        let pool = PgPool::connect(postgres.url()).await.unwrap();
        event_store::migrate(&pool).await.unwrap();
        let master_key = MasterKey::generate();
        let text = master_key.to_base64();
        let log = Log::new(pool.clone(), Keys::open(&pool, master_key).await.unwrap());
        Self { postgres, nats_url: testing::nats_url().await, master_key: text, log, folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        command
            .args(arguments)
            .env("DATABASE_URL", self.postgres.url())
            .env("NATS_URL", &self.nats_url)
            .env("COLLOQUY_DATA_DIR", &self.folder)
            .env("COLLOQUY_MASTER_KEY", &self.master_key)
            .env("COLLOQUY_JWT_SECRET", "a-secret-for-benches-of-32-bytes-or-more")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs a verb to its end, and expects success.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        let started = Instant::now();
        let mut child = self.command(arguments).stderr(Stdio::inherit()).spawn().unwrap();
        let mut memory_mb = 0;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            memory_mb = memory_mb.max(high_water_mb(child.id()));
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(status.success(), "{arguments:?} ended with {status}");
        Ran { seconds: started.elapsed().as_secs_f64(), memory_mb }
    }

    /// Starts a server without NATS, and returns when it listens.
    pub fn serve(&self) -> Node {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.env("NATS_URL", "off").stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut told = Vec::new();
        let is_listening = log.any(|line| {
            told.push(line);
            told.last().is_some_and(|line| line.contains("\"listening\""))
        });
        assert!(is_listening, "it does not start: {told:?}");
        // The log has to be drained, or the server would block on a full pipe.
        std::thread::spawn(move || log.for_each(drop));
        Node(child)
    }

    /// What autovacuum and the checkpointer would do within the next minutes is done now.
    pub async fn vacuum(&self) {
        for statement in ["vacuum analyze", "checkpoint"] {
            sqlx::query(statement).execute(self.log.pool()).await.unwrap();
        }
    }

    pub async fn stop(self) {
        self.log.pool().close().await;
        self.postgres.stop().await.unwrap();
    }
}

/// Peak resident memory in MB; 0 for a process that has just ended.
fn high_water_mb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0) / 1024
}
