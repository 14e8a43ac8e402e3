//! A running Colloquy, and callers that speak its dialects.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use domain::conversation::{self, Conversation};
use domain::participation::{self, ChangeCommand, Participation, Seat};
use embedded::testing::{self, unique};
use event_store::{Commands, Context, Keys, Log, MasterKey, Metadata, Settings, Surface};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sqlx::PgPool;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::described;

pub const SECRET: &str = "a-secret-for-tests-of-32-bytes-or-more";
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The environment of one installation: what a restart finds again.
#[derive(Clone)]
pub struct Installation {
    pub database_url: String,
    pub nats_url: String,
    pub prefix: String,
    pub stream: String,
}

impl Installation {
    pub async fn new() -> Self {
        let name = unique("outside");
        Self {
            database_url: testing::database().await.url,
            nats_url: testing::nats_url().await,
            stream: name.to_uppercase(),
            prefix: name,
        }
    }

    pub async fn pool(&self) -> PgPool {
        PgPool::connect(&self.database_url).await.unwrap()
    }

    fn verb(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        command
            .args(arguments)
            .env("DATABASE_URL", &self.database_url)
            .env("NATS_URL", &self.nats_url)
            .env("COLLOQUY_NATS_STREAM", &self.stream)
            .env("COLLOQUY_NATS_SUBJECT_PREFIX", &self.prefix)
            .env("COLLOQUY_MASTER_KEY", MASTER_KEY);
        command
    }

    /// Another node's commands, for what no dialect can say.
    pub async fn commands(&self) -> Commands {
        let pool = self.pool().await;
        let master_key = MasterKey::from_base64(MASTER_KEY).unwrap();
        let keys = Keys::open(&pool, master_key).await.unwrap();
        Commands::start(Log::new(pool, keys), &Settings::default(), CancellationToken::new())
    }

    /// Carries out a command on a conversation; returns the position that reflects it.
    pub async fn tell(&self, conversation: Uuid, command: conversation::Command) -> i64 {
        let commands = self.commands().await;
        let told = commands.execute::<Conversation>(conversation, command, context());
        told.await.unwrap().position
    }

    /// Carries out a member's own command; returns the position that reflects it.
    pub async fn change(&self, conversation: Uuid, user: Uuid, change: ChangeCommand) -> i64 {
        let membership: i64 = sqlx::query_scalar(
            "select position from events where aggregate_id = $1 and event_type = 'ConversationCreated'",
        )
        .bind(conversation.to_string())
        .fetch_one(&self.pool().await)
        .await
        .unwrap();
        let command =
            participation::Command { seat: Seat { conversation, user, membership }, change };
        let stream = domain::participation_id(conversation, user);
        let commands = self.commands().await;
        let changed = commands.execute::<Participation>(stream, command, context());
        changed.await.unwrap().position
    }

    /// Runs a verb that goes on, and reads what it prints; it ends when the lines are dropped.
    pub fn follow(&self, arguments: &[&str]) -> Following {
        let mut child = self.verb(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Following { child, lines }
    }

    /// Runs another verb to its end: status, standard output, standard error.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        self.run_with(arguments, &[])
    }

    /// The same with further variables.
    pub fn run_with(
        &self,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> (Option<i32>, String, String) {
        run(self.verb(arguments).envs(variables.iter().copied()))
    }

    /// Runs it with another standard output: status, standard error.
    pub fn run_into(&self, output: Stdio, arguments: &[&str]) -> (Option<i32>, String) {
        let verb = self.verb(arguments).stdout(output).stderr(Stdio::piped()).spawn().unwrap();
        let ended = verb.wait_with_output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    }

    /// The same, as it must succeed; standard output.
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
        if arguments.contains(&"--jwks-url") {
            command.env_remove("COLLOQUY_JWT_SECRET");
        }
        Server::start(self.configured(command, arguments))
    }

    /// The same for a process that may have so many files and connections open.
    pub fn start_with_open_files(&self, open_files_max: u32) -> Server {
        let mut shell = Command::new("sh");
        let limited = format!("ulimit -n {open_files_max}; exec \"$0\" \"$@\"");
        shell.args(["-c", &limited, env!("CARGO_BIN_EXE_colloquy")]);
        Server::start(self.configured(serving(shell), &[]))
    }

    /// Starts a node that cannot log: its standard error goes elsewhere. The address is the one that it prints.
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
        Server { child, url, client: reqwest::Client::new(), logged: Arc::default() }
    }

    /// A command that serves, on what the installation has.
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

/// A server with nothing but a secret for tokens: with private servers, unless more is set.
pub fn serve() -> Command {
    serving(Command::new(env!("CARGO_BIN_EXE_colloquy")))
}

fn serving(mut command: Command) -> Command {
    command.args(["serve", "--listen", "127.0.0.1:0", "--connections-max", "12"]);
    command.env("COLLOQUY_JWT_SECRET", SECRET);
    command
}

/// What a program said when it ended: status, standard output, standard error.
pub fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

impl Server {
    /// Starts a node and waits until it listens.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let url = loop {
            let line = log.next().unwrap_or_else(|| panic!("it ended early: {said}")).unwrap();
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["message"] == "listening" {
                break format!("http://{}", entry["address"].as_str().unwrap());
            }
            said.push_str(&line);
        };
        // Somebody has to read what it logs, or it would wait for room in the pipe.
        let logged = Arc::new(Mutex::new(said));
        let logging = logged.clone();
        std::thread::spawn(move || {
            log.map_while(Result::ok).for_each(|line| logging.lock().unwrap().push_str(&line));
        });
        Server { child, url, client: reqwest::Client::new(), logged }
    }
}

fn context() -> &'static Context {
    static CONTEXT: LazyLock<Context> = LazyLock::new(|| Context {
        metadata: Metadata {
            actor: "test".to_owned(),
            account: 1,
            role: "member".to_owned(),
            surface: Surface::Cli,
            request_id: "test".to_owned(),
            traceparent: None,
            causation_id: None,
            occurred_at: chrono::Utc::now(),
        },
        idempotency: None,
    });
    &CONTEXT
}

/// A verb that goes on; killed when dropped.
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

/// A node; killed when dropped.
pub struct Server {
    child: Child,
    pub url: String,
    client: reqwest::Client,
    logged: Arc<Mutex<String>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub async fn fresh() -> Self {
        Installation::new().await.start()
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        self.logged.lock().unwrap().clone()
    }

    /// As kill -9 does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As Ctrl-C does; returns the exit status.
    pub fn interrupt(self) -> Option<i32> {
        self.ask_to_stop();
        self.ended()
    }

    pub fn ask_to_stop(&self) {
        self.signal(libc::SIGINT);
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: a plain system call on a child that has not been waited for.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    /// The most memory that it ever had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: u64 = peak.trim().strip_suffix(" kB").unwrap().parse().unwrap();
        kib * 1024
    }

    /// A request that is sent as far as this, on a connection of its own.
    pub async fn begin(&self, caller: &Caller, method: &str, path: &str, rest: &str) -> TcpStream {
        let address = self.url.strip_prefix("http://").unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        // What is sent and not read is not kept by the operating system.
        socket.set_recv_buffer_size(4096).unwrap();
        let mut connection = socket.connect(address.parse().unwrap()).await.unwrap();
        let token = &caller.token;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{rest}"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection
    }

    /// Waits for the end; returns the exit status.
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub fn caller(&self, uid: &str) -> Caller {
        self.caller_with(uid, 1, "member")
    }

    /// The host system.
    pub fn key(&self) -> Caller {
        self.caller_with("host", 1, "service")
    }

    pub fn caller_with(&self, uid: &str, account: i64, role: &str) -> Caller {
        let claims = api::token::Claims {
            sub: uid.to_owned(),
            exp: 4e9,
            iat: None,
            name: Some(uid[..1].to_uppercase() + &uid[1..]),
            account,
            role: role.parse().unwrap(),
        };
        let token = api::token::issue(SECRET, &claims, &api::token::Rules::default()).unwrap();
        Caller { url: self.url.clone(), token, client: self.client.clone() }
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Caller {
    url: String,
    pub token: String,
    client: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }
}

impl Caller {
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn put(&self, path: &str) -> Answer {
        send(self.request(Method::PUT, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put_json(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn form(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
        send(self.request(method, path).form(fields)).await
    }

    /// Makes the user known, and tells their number.
    pub async fn arrive(&self) -> i64 {
        self.get("/api/user").await.expect(200)["id"].as_i64().unwrap()
    }

    pub async fn create(&self, members: Value) -> Value {
        self.post("/api/conversations", serde_json::json!({ "members": members })).await.expect(201)
    }

    pub async fn say(&self, conversation: &Value, text: &str) -> i64 {
        let path = format!("/api/apps/{}/messages", conversation["id"]);
        let body = self.post(&path, serde_json::json!({ "text": text })).await.expect(200);
        body["id"].as_i64().unwrap()
    }
}

/// Sends a request; its answer has to be one that is described.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let answer = Answer { status, headers, body };
    described::check(&method, &path, &answer);
    answer
}

/// Waits for a condition, half a minute at most.
pub async fn wait_until(what: &str, condition: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
