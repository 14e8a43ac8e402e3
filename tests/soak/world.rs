//! Everything that runs: PostgreSQL, NATS and two nodes on them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use embedded::Private;
use embedded::testing::{self, Folder};
use futures::FutureExt;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::clock::Clock;
use crate::disk::SmallDisk;
use crate::ledger::NODES;
use crate::node::{Node, Settings, signal_to};

pub const SECRET: &str = "a-secret-for-the-soak-of-32-bytes-or-more";
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const STREAM: &str = "SOAK";
pub const PREFIX: &str = "soak";
/// Enough for a busy machine: a node answers only when it has caught up with the log.
const HEALED_WITHIN: Duration = Duration::from_secs(120);

pub struct World {
    pub nodes: [Node; NODES],
    pub postgres: embedded::Postgres,
    pub nats: embedded::Nats,
    pub disk: Result<SmallDisk, String>,
    /// The clock of the second node.
    pub clock: Result<Clock, String>,
    pub db: PgPool,
    pub client: reqwest::Client,
    pub server: PathBuf,
    folder: Option<Folder>,
}

impl World {
    pub async fn start(server: &Path, mounting: Result<(), String>) -> Self {
        let folder = testing::folder();
        let disk = mounting.and_then(|()| SmallDisk::mount(&folder.join("postgres")));
        let postgres = embedded::Postgres::start(&folder).await.unwrap();
        let nats = embedded::Nats::start(&folder).await.unwrap();
        let clock = Clock::new(&folder);
        let nodes = [0, 1].map(|n| {
            let mut variables = variables(postgres.url(), nats.url());
            if let (1, Ok(clock)) = (n, &clock) {
                variables.extend(clock.variables());
            }
            let log = folder.join(format!("node-{}.log", n + 1));
            Node::start(Settings { server: server.to_owned(), variables, log })
        });
        let db = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy(postgres.url())
            .unwrap();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(15)).build().unwrap();
        let server = server.to_owned();
        let folder = Some(folder);
        let world = Self { nodes, postgres, nats, disk, clock, db, client, server, folder };
        world.wait_until_healed().await.expect("both nodes come up");
        world
    }

    pub fn folder(&self) -> &Path {
        self.folder.as_ref().expect("until it stops")
    }

    /// The command line of a verb on this installation.
    pub fn verb(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(&self.server);
        command.args(arguments).envs(variables(self.postgres.url(), self.nats.url()));
        command
    }

    /// A third node, on another database, that publishes nothing.
    pub fn node_on(&self, database_url: &str) -> Node {
        let log = self.folder().join("node-3.log");
        let variables = variables(database_url, "off");
        Node::start(Settings { server: self.server.clone(), variables, log })
    }

    /// Waits until both nodes take commands, and nothing behind them lags.
    ///
    /// # Errors
    /// What is not ready.
    pub async fn wait_until_healed(&self) -> Result<(), String> {
        let started = Instant::now();
        for node in &self.nodes {
            self.wait_until_ready(node, started + HEALED_WITHIN).await?;
        }
        Ok(())
    }

    pub async fn wait_until_ready(&self, node: &Node, until: Instant) -> Result<(), String> {
        loop {
            let asked = self.client.get(format!("{}/readyz", node.url)).send().await;
            let said = match asked {
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            if said == "ready\n" {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("{}: {}", node.url, said.trim()));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// PostgreSQL's first process and those that it has started, each of which leads a process
    /// group of its own.
    pub fn postgres_pids(&self) -> Vec<i32> {
        let first = self.postgres.pid();
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children"));
        let children = children.unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(first).chain(children).collect()
    }

    pub fn signal_postgres(&self, signal: i32) {
        self.postgres_pids().into_iter().for_each(|pid| signal_to(pid, signal));
    }

    /// Restarts what has ended.
    pub async fn revive(&mut self) {
        if self.postgres.ended().now_or_never().is_some() {
            self.postgres.restart().await.unwrap();
        }
        if self.nats.ended().now_or_never().is_some() {
            self.nats.restart().await.unwrap();
        }
    }

    /// Keeps the logs, and a dump of the database, if something has to be investigated.
    pub async fn stop(mut self, keep: bool) {
        if keep {
            let dump = self.folder().join("log.dump");
            testing::back_up(self.postgres.url(), &dump.display().to_string());
            println!("kept: {}", self.folder().display());
        }
        let folder = self.folder.take();
        drop(self.nodes);
        self.db.close().await;
        let _ = self.nats.stop().await;
        let _ = self.postgres.stop().await;
        drop(self.disk);
        if keep {
            std::mem::forget(folder);
        }
    }
}

fn variables(database_url: &str, nats_url: &str) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", database_url.to_owned()),
        ("NATS_URL", nats_url.to_owned()),
        ("COLLOQUY_NATS_STREAM", STREAM.to_owned()),
        ("COLLOQUY_NATS_SUBJECT_PREFIX", PREFIX.to_owned()),
        ("COLLOQUY_MASTER_KEY", MASTER_KEY.to_owned()),
        ("COLLOQUY_JWT_SECRET", SECRET.to_owned()),
    ]
}
