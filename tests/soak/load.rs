//! Accounts, their users and their first conversations, and the tasks that act for them.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::commands::Sent;
use crate::ledger::{Account, NODES, Person};
use crate::session::Session;
use crate::world::{SECRET, World};
use crate::{caller, reader, rooms};

const ACCOUNTS: i64 = 3;
/// Enough for a room with more members than a message updates the rows of.
const LISTENERS: usize = 110;

#[derive(Default)]
pub struct Counts {
    pub acknowledged: AtomicU64,
    pub repeated: AtomicU64,
    pub answers: AtomicU64,
    pub checks: AtomicU64,
}

pub struct Load {
    pub urls: [String; NODES],
    pub client: reqwest::Client,
    pub accounts: Vec<Arc<Account>>,
    pub counts: Counts,
    pub stop: CancellationToken,
    pub started: Instant,
    db: PgPool,
    sent: Mutex<Vec<Sent>>,
    /// Keys of refused commands whose caller lost the conversation meanwhile: one may have been
    /// recorded just before, and was then answered as if the conversation did not exist.
    overtaken: Mutex<HashSet<String>>,
    differences: Mutex<Vec<String>>,
}

impl Load {
    /// Registers everybody, and gives each account its first conversations.
    pub async fn prepare(world: &World, seed: u64, callers: usize) -> Arc<Self> {
        let accounts = (1..=ACCOUNTS).map(|number| Arc::new(account(number, callers))).collect();
        let load = Arc::new(Self {
            urls: [0, 1].map(|n: usize| world.nodes[n].url.clone()),
            client: world.client.clone(),
            accounts,
            counts: Counts::default(),
            stop: CancellationToken::new(),
            started: Instant::now(),
            db: world.db.clone(),
            sent: Mutex::default(),
            overtaken: Mutex::default(),
            differences: Mutex::default(),
        });
        for account in &load.accounts {
            for user in 0..callers {
                let mut session = load.session(seed, account, user, "first");
                let known = session.query(0, user, "/api/user", None).await;
                assert_eq!(known.expect("it is up").status, 200);
            }
            let mut session = load.session(seed, account, 0, "rooms");
            rooms::create_fixed(&mut session, &[]).await;
        }
        load.make_large_room(seed).await;
        load
    }

    async fn make_large_room(self: &Arc<Self>, seed: u64) {
        let account = &self.accounts[0];
        let service = token(account.number, "host", "service");
        let mut listeners = Vec::new();
        for n in 0..LISTENERS {
            let uid = format!("listener-{n}");
            let url = format!("{}/api/users/{uid}", self.urls[0]);
            let request = self.client.put(url).bearer_auth(&service).json(&json!({ "name": uid }));
            assert!(request.send().await.unwrap().status().is_success());
            listeners.push(uid);
        }
        let mut session = self.session(seed, account, 0, "large");
        rooms::create_fixed(&mut session, &listeners).await;
    }

    /// Starts all callers and readers; they end soon after they are told to stop, with no outcome
    /// left unclear.
    pub fn start(self: &Arc<Self>, seed: u64) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for account in &self.accounts {
            for user in 0..account.people.len() {
                tasks.spawn(caller::run(self.session(seed, account, user, "c")));
            }
            for n in 0..2 {
                tasks.spawn(reader::run(self.session(seed, account, n, "r")));
            }
        }
        tasks
    }

    pub fn session(
        self: &Arc<Self>,
        seed: u64,
        account: &Arc<Account>,
        user: usize,
        purpose: &str,
    ) -> Session {
        let name = format!("{purpose}{}-{user}", account.number);
        let salt = name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
        let random = StdRng::seed_from_u64(salt);
        Session { load: self.clone(), account: account.clone(), user, random, name, count: 0 }
    }

    /// Notes a difference from what was promised.
    pub fn find(&self, difference: String) {
        let at = self.started.elapsed().as_secs_f64();
        let mut differences = self.differences.lock().unwrap();
        differences.push(format!("[{at:.1} s] {difference}"));
    }

    pub fn differences(&self) -> Vec<String> {
        self.differences.lock().unwrap().clone()
    }

    pub fn note(&self, sent: Sent) {
        self.sent.lock().unwrap().push(sent);
    }

    pub fn overtake(&self, key: &str) {
        self.overtaken.lock().unwrap().insert(key.to_owned());
    }

    pub fn overtaken(&self) -> HashSet<String> {
        self.overtaken.lock().unwrap().clone()
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// Looks up both ids of a conversation, of which a dialect has told one.
    pub async fn identify(
        &self,
        account: i64,
        number: Option<i64>,
        id: Option<&str>,
    ) -> (i64, Uuid) {
        let uuid = id.map(|id| Uuid::from_u128(base62::decode(id).unwrap()).to_string());
        loop {
            let found: Result<(i64, Uuid), _> = sqlx::query_as(
                "select account_position, conversation_id from events
                 where (account_id = $1 and account_position = $2)
                    or (aggregate_type = 'conversation' and aggregate_id = $3 and sequence = 1)",
            )
            .bind(account)
            .bind(number)
            .bind(&uuid)
            .fetch_one(&self.db)
            .await;
            match found {
                Ok(found) => return found,
                Err(sqlx::Error::RowNotFound) => {
                    panic!("conversation {number:?} {id:?} was acknowledged, and is not in the log")
                }
                // The node may just have been killed.
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}

fn account(number: i64, callers: usize) -> Account {
    let person = |user| {
        let uid = format!("user-{user}");
        Person { token: token(number, &uid, "member"), uid }
    };
    Account::new(number, (0..callers).map(person).collect())
}

pub fn token(account: i64, uid: &str, role: &str) -> String {
    let claims = api::token::Claims {
        sub: uid.to_owned(),
        exp: 4e9,
        iat: None,
        name: None,
        account: account.into(),
        role: role.parse().unwrap(),
    };
    api::token::issue(SECRET, &claims, &api::token::Rules::default()).unwrap()
}
