//! The baseline: PostgreSQL alone with the smallest statement that could serve a request, measured
//! by pgbench in the server's own database, in separate tables.

use std::path::PathBuf;
use std::time::Duration;

use embedded::testing;

use crate::server::Server;
use crate::world::CALLERS;

pub struct Pgbench {
    pub name: &'static str,
    database_url: String,
    script: PathBuf,
}

impl Pgbench {
    async fn new(server: &Server, name: &'static str, setup: &str, script: &str) -> Self {
        let setup = format!("create schema if not exists pgbench; {setup}; analyze");
        for statement in setup.split("; ") {
            sqlx::query(statement).execute(&server.pool).await.unwrap();
        }
        let path = server.folder.join(format!("{name}.sql"));
        std::fs::write(&path, script).unwrap();
        Self { name, database_url: server.database_url().to_owned(), script: path }
    }

    /// Inserts one row into a table like `events`, with its columns and indexes: a copy of the
    /// newest event, under another id and position.
    pub async fn insert(server: &Server) -> Self {
        let setup = "create table if not exists pgbench.events (like public.events including all); \
                     create sequence if not exists pgbench.position cache 1000";
        let insert: String = sqlx::query_scalar(INSERT).fetch_one(&server.pool).await.unwrap();
        Self::new(server, "insert", setup, &insert).await
    }

    /// Reads three numbers of a user by key.
    pub async fn row_by_key(server: &Server, users: usize) -> Self {
        let setup = format!(
            "create table if not exists pgbench.counts as
             select n as id, n as private, n as rooms, n as chat
             from generate_series(1::bigint, {users}) n; \
             create unique index if not exists counts_one_per_id on pgbench.counts (id)"
        );
        let script = format!(
            "\\set id random(1, {users})\n\
             select private, rooms, chat from pgbench.counts where id = :id;\n"
        );
        Self::new(server, "row by key", &setup, &script).await
    }

    /// Reads a page of 20 of a user's 200 rows, each about as long as a conversation in a response.
    pub async fn page(server: &Server) -> Self {
        let setup = format!(
            "create table if not exists pgbench.lists as
             select user_id, n, repeat('0123456789abcdef', 64) as body
             from generate_series(1::bigint, {CALLERS}) user_id,
                  generate_series(1::bigint, 200) n; \
             create unique index if not exists lists_in_order on pgbench.lists (user_id, n)"
        );
        let script = format!(
            "\\set user random(1, {CALLERS})\n\
             select n, body from pgbench.lists where user_id = :user order by n desc limit 20;\n"
        );
        Self::new(server, "page of 20", &setup, &script).await
    }

    /// Reads a page of the newest 25 of very many rows, each about as long as a support
    /// conversation.
    pub async fn support_page(server: &Server, size: usize) -> Self {
        let setup = format!(
            "create table if not exists pgbench.desk as
             select n, n % 4 as status, repeat('0123456789abcdef', 96) as body
             from generate_series(1::bigint, {size}) n; \
             create unique index if not exists desk_in_order on pgbench.desk (status, n)"
        );
        let script = "\\set status random(0, 3)\n\
                      select n, body from pgbench.desk where status = :status\n\
                      order by n desc limit 25;\n";
        Self::new(server, "page of 25", &setup, script).await
    }

    /// Sums the counts of an inbox.
    pub async fn support_counts(server: &Server) -> Self {
        let setup = format!(
            "create table if not exists pgbench.desk_counts as
             select n as assignee, n as conversations
             from generate_series(0::bigint, {CALLERS}) n; \
             create unique index if not exists desk_counts_of on pgbench.desk_counts (assignee)"
        );
        let script = format!(
            "\\set me random(1, {CALLERS})\n\
             select sum(conversations), sum(conversations) filter (where assignee = :me),\n\
             sum(conversations) filter (where assignee = 0) from pgbench.desk_counts;\n"
        );
        Self::new(server, "sums of counts", &setup, &script).await
    }

    /// Transactions per second with as many clients as there are callers.
    pub fn rate(&self, round: Duration) -> f64 {
        let output = self.run(CALLERS, 2, round, &[]);
        let line = output.lines().find_map(|line| line.strip_prefix("tps = "));
        line.and_then(|line| line.split(' ').next()?.parse().ok()).expect("pgbench tells its rate")
    }

    /// The median latency of one client.
    pub fn p50_ms(&self, round: Duration) -> f64 {
        let log = self.script.with_extension("log");
        self.run(1, 1, round, &["--log", &format!("--log-prefix={}", log.display())]);
        let folder = std::fs::read_dir(self.script.parent().unwrap()).unwrap();
        let is_log = |path: &PathBuf| path.to_string_lossy().starts_with(&*log.to_string_lossy());
        let path = folder.flatten().map(|entry| entry.path()).find(is_log).unwrap();
        let lines = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let latency_us = |line: &str| line.split(' ').nth(2).unwrap().parse::<f64>().unwrap();
        crate::table::median(lines.lines().map(latency_us)) / 1000.0
    }

    fn run(&self, clients: usize, threads: usize, round: Duration, also: &[&str]) -> String {
        let (script, clients) = (self.script.to_str().unwrap(), clients.to_string());
        let (threads, seconds) = (threads.to_string(), round.as_secs().max(1).to_string());
        let mut arguments = vec!["-n", "-M", "prepared", "-f", script];
        arguments.extend(["-c", &clients, "-j", &threads, "-T", &seconds]);
        arguments.extend(also);
        testing::pgbench(&self.database_url, &arguments)
    }
}

/// Generates the insert statement for whatever columns the table has.
const INSERT: &str = include_str!("insert.sql");
