use async_nats::Client;
use clap::Args;
use event_store::{Keys, Standing, causes};
use relay::NatsOptions;
use sqlx::PgPool;

use super::database::Database;
use super::format::{Format, print};
use super::{Failure, Options, lag, master_key, private_nats};

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

struct Findings {
    rows: Vec<Vec<String>>,
    healthy: bool,
}

impl Findings {
    fn add(&mut self, check: &str, found: Result<String, String>) {
        let (verdict, detail) = match found {
            Ok(detail) => ("ok", detail),
            Err(detail) => {
                self.healthy = false;
                ("FAILED", detail)
            }
        };
        self.rows.push(vec![check.to_owned(), verdict.to_owned(), detail]);
    }
}

impl Doctor {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        options.check()?;
        let mut findings = Findings { rows: vec![], healthy: true };
        findings.add("configuration", Ok("every value can be used".to_owned()));
        match Database::open(&options).await {
            Ok(database) => {
                let has_log = postgres(&database.pool, &options, &mut findings).await;
                if has_log {
                    findings.add("master key", master_key(&database, &options).await);
                }
                nats(&options, has_log.then_some(&database.pool), &mut findings).await;
                database.close().await?;
            }
            Err(Failure::Failed(error)) => {
                findings.add("PostgreSQL", Err(causes(&*error)));
                nats(&options, None, &mut findings).await;
            }
            Err(failure) => return Err(failure),
        }
        print(self.format, &["check", "verdict", "detail"], &findings.rows)?;
        if findings.healthy { Ok(()) } else { Err(Failure::Difference) }
    }
}

async fn master_key(database: &Database, options: &Options) -> Result<String, String> {
    match master_key::find(options) {
        Ok(None) => Err("there is none: set COLLOQUY_MASTER_KEY to read what is sealed".to_owned()),
        Ok(Some(key)) => match Keys::open(&database.pool, key).await {
            Ok(_) => Ok("it is the one that this database's keys are wrapped by".to_owned()),
            Err(error) => Err(causes(&error)),
        },
        Err(_) => Err("it cannot be read".to_owned()),
    }
}

/// Whether there is a log.
async fn postgres(pool: &PgPool, options: &Options, findings: &mut Findings) -> bool {
    let setting = |name: &'static str| async move {
        sqlx::query_scalar::<_, String>("select current_setting($1)")
            .bind(name)
            .fetch_one(pool)
            .await
            .map_err(|error| causes(&error))
    };
    let version = setting("server_version_num").await.and_then(|number| {
        let major = number.parse::<u32>().unwrap_or(0) / 10_000;
        let found = format!("PostgreSQL {major}");
        if major >= 15 { Ok(found) } else { Err(format!("{found}: 15 or newer is needed")) }
    });
    findings.add("PostgreSQL", version);
    let durable = setting("fsync").await.and_then(|on| {
        if on == "on" {
            Ok("an acknowledged command survives a crash".to_owned())
        } else {
            Err("fsync is off: a crash can lose acknowledged commands".to_owned())
        }
    });
    findings.add("durability", durable);
    findings.add("connections", connections(pool).await);

    let head: Result<(i64, i64, i64), _> = sqlx::query_as(
        "select h.position, coalesce((select max(position) from events), 0), (select count(*) from events)
         from log_head h",
    )
    .fetch_one(pool)
    .await;
    match head {
        Ok((head, newest, count)) if head == newest && head == count => {
            findings.add("event log", Ok(format!("{head} events, no position missing")));
            standing(pool, options, findings).await;
            true
        }
        Ok((head, newest, count)) => {
            let difference =
                format!("head {head}, newest position {newest}, {count} events: these must agree");
            findings.add("event log", Err(difference));
            true
        }
        Err(error) => {
            findings.add("event log", Err(format!("{}: run `colloquy migrate`", causes(&error))));
            false
        }
    }
}

async fn connections(pool: &PgPool) -> Result<String, String> {
    let (used, max): (i64, i64) = sqlx::query_as(
        "select count(*),
                current_setting('max_connections')::bigint
                    - current_setting('superuser_reserved_connections')::bigint
         from pg_stat_activity
         where backend_type = 'client backend'",
    )
    .fetch_one(pool)
    .await
    .map_err(|error| causes(&error))?;
    let found = format!("{used} of {max} in use");
    if used < max { Ok(found) } else { Err(found) }
}

/// Who follows the log, who does what, and what is passed over.
async fn standing(pool: &PgPool, options: &Options, findings: &mut Findings) {
    let followers = lag::followers(!options.nats_is_off());
    let standing = match Standing::read(pool, &followers).await {
        Ok(standing) => standing,
        Err(error) => return findings.add("followers", Err(causes(&error))),
    };
    let head = standing.head;
    for follower in standing.followers {
        let position = follower.position;
        let age = follower.lag_s.map_or_else(String::new, |lag_s| format!(" for {lag_s:.1} s"));
        let behind = format!("at {position}, {} behind{age}", head - position);
        let found = match follower.stopped {
            Some(why) => Err(format!("stopped {behind}: {why}")),
            None if position <= head => Ok(behind),
            None => Err(format!("at {position}, beyond the head of the log {head}")),
        };
        findings.add(&format!("follower {}", follower.name), found);
    }
    for lease in standing.leases {
        let found = match (lease.owner, lease.expires_at) {
            (Some(owner), Some(end)) if lease.is_held => {
                format!("held by node {owner} until {}, epoch {}", end.to_rfc3339(), lease.epoch)
            }
            _ => "held by no node: no server runs, or the next one takes it".to_owned(),
        };
        findings.add(&format!("lease {}", lease.name), Ok(found));
    }
    let quarantined: Vec<_> = standing.quarantined.keys().map(i64::to_string).collect();
    let found = match quarantined.is_empty() {
        true => "nothing is passed over".to_owned(),
        false => format!("passed over: {} (see audit verify)", quarantined.join(", ")),
    };
    findings.add("quarantine", Ok(found));
}

async fn nats(options: &Options, pool: Option<&PgPool>, findings: &mut Findings) {
    let (nats, client) = match options.nats() {
        _ if options.nats_is_off() => return findings.add("NATS", Ok("off".to_owned())),
        Ok(Some(nats)) => match nats.connect().await {
            Ok(client) => (nats, client),
            Err(error) => return findings.add("NATS", Err(causes(&error))),
        },
        Ok(None) => match running_private_nats(options).await {
            Some(running) => running,
            None => {
                let found = "private, and not running: `serve` starts it";
                return findings.add("NATS", Ok(found.to_owned()));
            }
        },
        // It was checked at the start, but files may have gone since.
        Err(_) => return findings.add("NATS", Err("its certificates cannot be read".to_owned())),
    };
    findings.add("NATS", Ok(format!("version {}", client.server_info().version)));
    let Some(pool) = pool else { return };
    let stream = &options.nats_stream;
    match relay::check(&client, &options.relay(nats), pool).await {
        Ok(relay::Checked { last, findings: found }) => {
            if found.is_empty() {
                let last =
                    last.map_or_else(|| "not made yet".to_owned(), |last| format!("at {last}"));
                findings.add("stream", Ok(format!("{stream}, {last}")));
            }
            for finding in found {
                findings.add("stream", Err(format!("{stream}: {finding}")));
            }
        }
        Err(error) => findings.add("stream", Err(causes(&error))),
    }
}

async fn running_private_nats(options: &Options) -> Option<(NatsOptions, Client)> {
    let nats = private_nats::left_by_server(&options.data_dir())?;
    let client = nats.connect().await.ok()?;
    Some((nats, client))
}
