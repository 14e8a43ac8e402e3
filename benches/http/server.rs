//! The server under load: the release binary on a private PostgreSQL, as it starts one itself,
//! without NATS.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use embedded::Postgres;
use embedded::testing::{self, Folder};
use serde_json::Value;
use sqlx::PgPool;

pub const SECRET: &str = "a-secret-for-benches-of-32-bytes-or-more";

pub struct Server {
    node: Node,
    pub address: SocketAddr,
    /// What the server logged at other levels than INFO, and how often.
    troubles: Arc<Mutex<BTreeMap<String, u64>>>,
    postgres: Postgres,
    pub pool: PgPool,
    pub folder: Folder,
}

/// Killed when dropped.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    pub async fn start() -> Self {
        let folder = testing::folder();
        let postgres = Postgres::start(&folder).await.unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_colloquy"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("DATABASE_URL", postgres.url())
            .env("NATS_URL", "off")
            .env("COLLOQUY_DATA_DIR", &folder)
            .env("COLLOQUY_JWT_SECRET", SECRET)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut log =
            log.map(|line| serde_json::from_str::<Value>(&line).unwrap_or(Value::String(line)));
        let listening = log.find(|entry| entry["message"] == "listening").expect("it starts");
        let address = listening["address"].as_str().unwrap().parse().unwrap();
        let troubles = Arc::new(Mutex::new(BTreeMap::new()));
        let found = troubles.clone();
        // The log has to be drained, or the server would block on a full pipe.
        std::thread::spawn(move || {
            for entry in log.filter(|entry| entry["level"] != "INFO") {
                let (level, message) = (&entry["level"], &entry["message"]);
                *found.lock().unwrap().entry(format!("{level} {message}")).or_default() += 1;
            }
        });
        let pool = PgPool::connect(postgres.url()).await.unwrap();
        Self { node: Node(child), address, troubles, postgres, pool, folder }
    }

    pub fn database_url(&self) -> &str {
        self.postgres.url()
    }

    pub async fn postgres_version(&self) -> String {
        sqlx::query_scalar("show server_version").fetch_one(&self.pool).await.unwrap()
    }

    pub async fn events(&self) -> i64 {
        let newest = "select coalesce(max(position), 0) from events";
        sqlx::query_scalar(newest).fetch_one(&self.pool).await.unwrap()
    }

    /// To be called after bulk writes: what autovacuum and the checkpointer would do within the
    /// next minutes is done now, so that it does not fall into a measurement.
    pub async fn vacuum(&self) {
        for statement in ["vacuum analyze", "checkpoint"] {
            sqlx::query(statement).execute(&self.pool).await.unwrap();
        }
    }

    /// Resident memory, in MB.
    pub fn memory_mb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.node.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// Stops the server, and prints what it complained about.
    pub async fn stop(self) {
        drop(self.node);
        self.postgres.stop().await.unwrap();
        for (message, times) in &*self.troubles.lock().unwrap() {
            println!("logged {times} times: {message}");
        }
    }
}
