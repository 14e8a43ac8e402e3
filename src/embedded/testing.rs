//! Servers for tests: one private PostgreSQL and one NATS for the whole run, and a separate
//! database for each test. A small shell process keeps the servers, and kills them and deletes
//! their data when the runner is gone.

mod databases;
mod proxy;
mod template;
mod waiting;

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool};

use crate::child::Child;
use crate::{child, nats, postgres, private_file, programs, user};

pub use proxy::Proxy;
pub use template::copy_of;
pub use waiting::{PATIENCE, wait_until};

/// A database of a test.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// The URL, password included.
    pub url: String,
}

impl TestDatabase {
    /// A pool of connections to it.
    pub async fn pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(10)
            .connect(&self.url)
            .await
            .expect("the test database was just made")
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Servers {
    postgres_port: u16,
    nats_port: u16,
    /// The folder of their data and logs.
    folder: PathBuf,
}

const PASSWORD: &str = "colloquy-test";

impl Servers {
    fn postgres_url(&self, database: &str) -> String {
        format!("postgres://colloquy:{PASSWORD}@127.0.0.1:{}/{database}", self.postgres_port)
    }

    fn nats_url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.nats_port)
    }

    /// Connects to the database `postgres` of the run's cluster.
    async fn connect(&self) -> PgConnection {
        let connected = PgConnection::connect(&self.postgres_url("postgres")).await;
        connected.unwrap_or_else(|error| {
            panic!("the run's PostgreSQL does not answer: {error}: {}", self.what_happened())
        })
    }

    /// The last 20 lines that PostgreSQL logged about itself, without those that tests cause.
    fn what_happened(&self) -> String {
        let log = std::fs::read(self.folder.join("postgres.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let is_of_itself = |line: &&str| {
            let is_routine = line.contains("checkpoint") || line.contains("client");
            (line.contains("LOG:") || line.contains("PANIC:")) && !is_routine
        };
        let lines: Vec<&str> = log.lines().filter(is_of_itself).collect();
        lines[lines.len().saturating_sub(20)..].join(" | ")
    }
}

/// A fresh, empty database in the run's cluster.
pub async fn database() -> TestDatabase {
    let servers = servers().await;
    let mut connection = servers.connect().await;
    databases::drop_old(&mut connection).await;
    let name = databases::name();
    connection
        .execute(format!("create database {name}").as_str())
        .await
        .expect("a new name is free");
    TestDatabase { url: servers.postgres_url(&name) }
}

/// The run's NATS server; each test uses its own stream and subject prefix.
pub async fn nats_url() -> String {
    servers().await.nats_url()
}

/// Dumps a whole database with `pg_dump`.
pub fn dump(database_url: &str) -> String {
    run_to_its_end("pg_dump", database_url, &[])
}

/// Writes a backup of the log to a file, as `docs/operating.md` says.
pub fn back_up(database_url: &str, file: &str) {
    let file = format!("--file={file}");
    run_to_its_end("pg_dump", database_url, &["--format=custom", "--schema=public", &file]);
}

/// Restores such a backup into an empty database, as `docs/operating.md` says.
pub fn restore(database_url: &str, file: &str) {
    let database = format!("--dbname={database_url}");
    let how = ["--exit-on-error", "--clean", "--if-exists", "--single-transaction", &database];
    run_to_its_end("pg_restore", file, &how);
}

/// Writes a backup of the whole database to a file.
pub fn back_up_all(database_url: &str, file: &str) {
    let file = format!("--file={file}");
    run_to_its_end("pg_dump", database_url, &["--format=custom", &file]);
}

/// Restores a backup of a whole database into an empty one: the schemas with their triggers, and
/// then the data.
pub fn restore_in_two_steps(database_url: &str, file: &str) {
    let database = format!("--dbname={database_url}");
    for step in ["--schema-only", "--data-only"] {
        run_to_its_end("pg_restore", file, &["--exit-on-error", step, &database]);
    }
}

/// Runs `pgbench` in a database; returns its report.
pub fn pgbench(database_url: &str, arguments: &[&str]) -> String {
    run_to_its_end("pgbench", database_url, arguments)
}

/// Runs a client program of PostgreSQL on a database or a file; returns its standard output.
fn run_to_its_end(program: &'static str, on: &str, arguments: &[&str]) -> String {
    let program = programs::postgres(program).expect("PostgreSQL's client programs are installed");
    let output = Command::new(program).args(arguments).arg(on).output();
    let output = output.expect("an installed program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A unique name.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::new_v4().simple())
}

/// The servers of this run, started by whichever test comes first.
async fn servers() -> Servers {
    let (runner, run) = run();
    let folder = std::env::temp_dir().join(format!("colloquy-test-{run}"));
    let user = user::unprivileged();
    user::make_folder(&folder, user).expect("the temporary folder can be written");
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).expect("the run's folder can be written");
    lock.lock().expect("a file can be locked");
    let described = folder.join("servers.json");
    if let Ok(mut file) = File::open(&described) {
        let mut text = String::new();
        file.read_to_string(&mut text).expect("a small file can be read");
        return serde_json::from_str(&text).expect("it was written by the code below");
    }
    let servers = start(&folder, runner).await;
    std::fs::write(&described, serde_json::to_string(&servers).expect("two numbers and a path"))
        .expect("the run's folder can be written");
    servers
}

/// The process whose exit ends the run, and the run's name.
#[expect(clippy::disallowed_methods, reason = "only the runner knows which run this is")]
fn run() -> (u32, String) {
    match std::env::var("NEXTEST_RUN_ID") {
        Ok(id) => (std::os::unix::process::parent_id(), id),
        Err(_) => (std::process::id(), std::process::id().to_string()),
    }
}

async fn start(folder: &Path, runner: u32) -> Servers {
    let user = user::unprivileged();
    let password_file = folder.join("password");
    private_file::keep_first_for(&password_file, PASSWORD, user)
        .expect("a small file can be written");
    let cluster = folder.join("cluster");
    postgres::run_initdb(&cluster, &password_file, user).expect("initdb works");
    let servers = Servers {
        postgres_port: child::free_port().expect("a free port"),
        nats_port: child::free_port().expect("a free port"),
        folder: folder.to_owned(),
    };
    let mut watchdog = child::command("sh");
    watchdog.arg("-c").arg(WATCHDOG).arg("colloquy-test-servers");
    watchdog.arg(runner.to_string()).arg(folder);
    watchdog
        .arg(programs::nats().expect("nats-server is installed"))
        .arg(servers.nats_port.to_string());
    watchdog
        .arg(programs::postgres("postgres").expect("PostgreSQL is installed"))
        .arg("-D")
        .arg(&cluster);
    watchdog.args(postgres::arguments(servers.postgres_port, None));
    watchdog.current_dir(folder).process_group(0);
    watchdog.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(user) = user {
        watchdog.uid(user.uid).gid(user.gid);
    }
    #[expect(clippy::zombie_processes, reason = "it outlives this process on purpose")]
    watchdog.spawn().expect("a shell runs");
    let started = Instant::now();
    while PgConnection::connect(&servers.postgres_url("postgres")).await.is_err()
        || !nats::answers(ConnectOptions::new(), servers.nats_port).await
    {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the test servers did not come up: {} {}",
            child::log_tail(&folder.join("postgres.log")),
            child::log_tail(&folder.join("nats.log"))
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    servers
}

/// A NATS server with only a test's own arguments; killed when dropped.
#[derive(Debug)]
pub struct NatsServer {
    child: Child,
    /// The port that it listens on.
    pub port: u16,
}

/// Starts a NATS server, and waits until it listens.
pub async fn nats_server(folder: &Path, arguments: &[&str]) -> NatsServer {
    let port = child::free_port().expect("a free port");
    let mut command = child::command(programs::nats().expect("nats-server is installed"));
    command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).args(arguments);
    let log = folder.join(format!("nats-{port}.log"));
    let child = Child::spawn("nats-server", command, None, &log, libc::SIGKILL);
    let child = child.expect("an installed program runs");
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(!child.has_exited(), "{}", child::log_tail(&log));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    NatsServer { child, port }
}

impl NatsServer {
    /// Shuts it down, with everything written out.
    pub async fn stop(mut self) {
        child::send(self.child.pid(), libc::SIGTERM);
        self.child.ended().await;
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        child::send(self.child.pid(), libc::SIGKILL);
    }
}

/// Arguments: the runner's pid, the folder, the path of nats-server and its port; the rest is the
/// PostgreSQL command.
const WATCHDOG: &str = r#"
runner=$1 folder=$2 nats=$3 nats_port=$4
shift 4
"$nats" -a 127.0.0.1 -p "$nats_port" -js -sd "$folder/nats" >"$folder/nats.log" 2>&1 &
nats_pid=$!
"$@" >"$folder/postgres.log" 2>&1 &
postgres_pid=$!
while [ -d "/proc/$runner" ] || kill -0 "$runner" 2>/dev/null; do sleep 0.2; done
kill -KILL "$nats_pid"
kill -QUIT "$postgres_pid"
wait
rm -rf "$folder"
"#;

/// A folder for a test that starts its own servers, reachable by the unprivileged user; removed
/// when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

/// Creates a [`Folder`].
pub fn folder() -> Folder {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(unique("colloquy"));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))
        .expect("our own folder");
    Folder(folder)
}

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<std::ffi::OsStr> for Folder {
    fn as_ref(&self) -> &std::ffi::OsStr {
        self.0.as_os_str()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
