use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use domain::AccountId;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use super::{Caller, Installation, SECRET};
use crate::discretion;

/// A node; when dropped, it is killed and its log is checked.
pub struct Server {
    child: Child,
    pub url: String,
    client: reqwest::Client,
    logged: Arc<Mutex<String>>,
    /// Reads the log to its end.
    logging: Option<JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let logged_all = self.logging.take().is_none_or(|logging| logging.join().is_ok());
        if !std::thread::panicking() {
            assert!(logged_all, "the log was not read to its end");
            discretion::check(&self.log());
        }
    }
}

impl Server {
    pub async fn fresh() -> Self {
        Installation::new().await.start()
    }

    /// Starts a node and waits until it listens.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let url = loop {
            let line = log.next().unwrap_or_else(|| panic!("it ended early: {said}")).unwrap();
            said.push_str(&line);
            said.push('\n');
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["message"] == "listening" {
                break format!("http://{}", entry["address"].as_str().unwrap());
            }
        };
        let mut server = Self::without_log(child, url);
        *server.logged.lock().unwrap() = said;
        // Unless the log is read, the node blocks on a full pipe.
        let logged = server.logged.clone();
        server.logging = Some(std::thread::spawn(move || {
            for line in log.map_while(Result::ok) {
                let mut logged = logged.lock().unwrap();
                logged.push_str(&line);
                logged.push('\n');
            }
        }));
        server
    }

    /// A node whose log goes elsewhere.
    pub fn without_log(child: Child, url: String) -> Self {
        let client = reqwest::Client::builder().local_address(discretion::CALLERS_ADDRESS);
        Self { child, url, client: client.build().unwrap(), logged: Arc::default(), logging: None }
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        self.logged.lock().unwrap().clone()
    }

    /// As kill -9 does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
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

    /// Its peak memory in bytes.
    pub fn peak_memory(&self) -> u64 {
        peak_memory(self.child.id()).unwrap()
    }

    /// Sends the beginning of a request, up to `rest`, on a connection of its own.
    pub async fn begin(&self, caller: &Caller, method: &str, path: &str, rest: &str) -> TcpStream {
        let address = self.url.strip_prefix("http://").unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        // A small buffer, so that the operating system does not take what the test does not read.
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind((discretion::CALLERS_ADDRESS, 0).into()).unwrap();
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
            account: AccountId::new(account),
            role: role.parse().unwrap(),
        };
        let token = api::token::issue(SECRET, &claims, &api::token::Rules::default()).unwrap();
        Caller::new(&self.url, &token, &self.client)
    }
}

/// The peak memory of a process in bytes; `None` once it has ended.
pub fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
