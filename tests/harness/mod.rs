//! A running Colloquy, and callers.

mod caller;
mod server;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use domain::conversation::{self, Conversation};
use domain::participation::{self, ChangeCommand, Membership, Participation};
use domain::{ConversationId, MembershipId, UserId};
use embedded::testing::{self, unique};
use event_store::testing::context;
use event_store::{Commands, Keys, Log, MasterKey, Settings};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio_util::sync::CancellationToken;

pub use caller::{Answer, Caller, send};
pub use embedded::testing::wait_until;
pub use server::Server;

pub const SECRET: &str = "a-secret-for-tests-of-32-bytes-or-more";
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Also logs a line for each request.
const LOG: &str = "info,api=debug";

/// The settings of one installation, which a restart finds again.
#[derive(Clone)]
pub struct Installation {
    pub database_url: String,
    pub nats_url: String,
    pub prefix: String,
    pub stream: String,
}

impl Installation {
    /// With an empty log.
    pub async fn new() -> Self {
        Self::on(event_store::testing::database().await).await
    }

    /// With an empty database.
    pub async fn unmigrated() -> Self {
        Self::on(testing::database().await).await
    }

    async fn on(database: testing::TestDatabase) -> Self {
        let name = unique("outside");
        Self {
            database_url: database.url,
            nats_url: testing::nats_url().await,
            stream: name.to_uppercase(),
            prefix: name,
        }
    }

    /// Its statements see the read models that servers show, if there are any yet.
    pub async fn pool(&self) -> PgPool {
        let log = PgPool::connect(&self.database_url).await.unwrap();
        let schemas: Vec<String> =
            sqlx::query_scalar("select name from checkpoints where schema_oid > 0")
                .fetch_all(&log)
                .await
                .unwrap_or_default();
        let options: PgConnectOptions = self.database_url.parse().unwrap();
        let path = [&schemas[..], &["public".to_owned()]].concat().join(",");
        PgPool::connect_with(options.options([("search_path", path)])).await.unwrap()
    }

    /// The command line of a verb, for runs that the methods below do not cover.
    pub fn verb(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        command.env("COLLOQUY_JWT_SECRET", SECRET).env("COLLOQUY_LISTEN", "127.0.0.1:0");
        self.configured(command, arguments)
    }

    /// Executes commands as another node would, for what no dialect can express.
    pub async fn commands(&self) -> Commands {
        let pool = self.pool().await;
        let master_key = MasterKey::from_base64(MASTER_KEY).unwrap();
        let keys = Keys::open(&pool, master_key).await.unwrap();
        Commands::start(Log::new(pool, keys), &Settings::default(), CancellationToken::new())
    }

    /// Executes a command on a conversation; returns the position that reflects it.
    pub async fn tell(&self, conversation: ConversationId, command: conversation::Command) -> i64 {
        let commands = self.commands().await;
        let context = context("test");
        let told = commands.execute::<Conversation>(conversation, command, &context);
        told.await.unwrap().position.get()
    }

    /// Executes a member's own command; returns the position that reflects it.
    pub async fn change(
        &self,
        conversation: ConversationId,
        user: UserId,
        change: ChangeCommand,
    ) -> i64 {
        let membership: MembershipId = sqlx::query_scalar(
            "select position from events where aggregate_id = $1 \
             and event_type = 'ConversationCreated'",
        )
        .bind(conversation.to_string())
        .fetch_one(&self.pool().await)
        .await
        .unwrap();
        let command = participation::Command {
            membership: Membership { conversation, user, id: membership },
            change,
        };
        let stream = domain::participation_id(conversation, user);
        let commands = self.commands().await;
        let context = context("test");
        let changed = commands.execute::<Participation>(stream, command, &context);
        changed.await.unwrap().position.get()
    }

    /// Runs a verb that does not end by itself, and reads what it prints; it is killed when
    /// dropped.
    pub fn follow(&self, arguments: &[&str]) -> Following {
        let mut child = self.verb(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Following { child, lines }
    }

    /// Runs another verb to its end: status, standard output, standard error.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        self.run_with(arguments, &[])
    }

    /// The same with further environment variables.
    pub fn run_with(
        &self,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> (Option<i32>, String, String) {
        run(self.verb(arguments).envs(variables.iter().copied()))
    }

    /// Runs a verb to its end, which has to be a success; returns its peak memory in bytes.
    pub async fn peak_memory(&self, arguments: &[&str]) -> u64 {
        let mut child = self.verb(arguments).stdout(Stdio::null()).spawn().unwrap();
        let mut peak = 0;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{arguments:?}: {status}");
                return peak;
            }
            peak = peak.max(server::peak_memory(child.id()).unwrap_or_default());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Runs a verb with another standard output: status, standard error.
    pub fn run_into(&self, output: Stdio, arguments: &[&str]) -> (Option<i32>, String) {
        let verb = self.verb(arguments).stdout(output).stderr(Stdio::piped()).spawn().unwrap();
        let ended = verb.wait_with_output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    }

    /// Runs a verb that has to succeed; returns its standard output.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        let (status, output, errors) = self.run(arguments);
        assert_eq!(status, Some(0), "{arguments:?}: {output}{errors}");
        output
    }

    /// Starts a node and waits until it listens.
    pub fn start(&self) -> Server {
        self.start_with(&[])
    }

    /// The same with further arguments.
    pub fn start_with(&self, arguments: &[&str]) -> Server {
        let mut command = serve();
        if ["--jwks-url", "--jwt-public-key"]
            .iter()
            .any(|key| arguments.iter().any(|argument| argument.starts_with(key)))
        {
            command.env_remove("COLLOQUY_JWT_SECRET");
        }
        Server::start(self.configured(command, arguments))
    }

    /// The same with further environment variables.
    pub fn start_with_variables(&self, variables: &[(&str, &str)]) -> Server {
        let mut command = self.configured(serve(), &[]);
        if variables.iter().any(|(name, _)| *name == "COLLOQUY_JWKS_URL") {
            command.env_remove("COLLOQUY_JWT_SECRET");
        }
        command.envs(variables.iter().copied());
        Server::start(command)
    }

    /// The same with a limit on the files and connections that are open at once.
    pub fn start_with_open_files(&self, open_files_max: u32) -> Server {
        let mut shell = Command::new("sh");
        let limited = format!("ulimit -n {open_files_max}; exec \"$0\" \"$@\"");
        shell.args(["-c", &limited, env!("CARGO_BIN_EXE_colloquy")]);
        Server::start(self.configured(serving(shell), &[]))
    }

    /// Starts a node whose standard error, and so its log, goes elsewhere. The address is the one
    /// that it prints.
    pub fn start_logging_to(&self, standard_error: Stdio) -> Server {
        let mut child = self
            .configured(serve(), &["--quick-start"])
            .env("COLLOQUY_LOG", "debug")
            .stdout(Stdio::piped())
            .stderr(standard_error)
            .spawn()
            .unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let found = printed.map_while(Result::ok).find_map(|line| {
            let url = line.strip_prefix("Colloquy is running at ")?.split_whitespace().next()?;
            Some(url.to_owned())
        });
        let url = found.expect("it starts");
        Server::without_log(child, url)
    }

    /// A command with the settings of the installation.
    fn configured(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .args(arguments)
            .env("DATABASE_URL", &self.database_url)
            .env("NATS_URL", &self.nats_url)
            .env("COLLOQUY_NATS_STREAM", &self.stream)
            .env("COLLOQUY_NATS_SUBJECT_PREFIX", &self.prefix)
            .env("COLLOQUY_MASTER_KEY", MASTER_KEY);
        command
    }
}

/// A server with only a secret for tokens: it starts private servers, unless more is set.
pub fn serve() -> Command {
    serving(Command::new(env!("CARGO_BIN_EXE_colloquy")))
}

fn serving(mut command: Command) -> Command {
    command.args(["serve", "--listen", "127.0.0.1:0", "--connections-max", "12"]);
    command.env("COLLOQUY_JWT_SECRET", SECRET);
    command.env("COLLOQUY_LOG", LOG);
    command
}

/// The outcome of a program: status, standard output, standard error.
pub fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A verb that does not end by itself; killed when dropped.
pub struct Following {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Iterator for Following {
    type Item = std::io::Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.lines.next()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
