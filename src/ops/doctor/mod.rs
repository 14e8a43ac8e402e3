mod machine;

use async_nats::Client;
use clap::Args;
use domain::Position;
use event_store::{Keys, Standing, causes};
use relay::NatsOptions;
use sqlx::PgPool;

use super::database::Database;
use super::format::{Layout, print};
use super::{Failure, Options, lag, master_key, private_nats, token};

#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    layout: Layout,
}

struct Findings {
    rows: Vec<Vec<String>>,
    healthy: bool,
}

impl Findings {
    /// Adds a finding and, if something is wrong, what to do about it.
    fn add(&mut self, check: &str, found: Result<String, String>, to_do: &str) {
        let (verdict, detail, to_do) = match found {
            Ok(detail) => ("ok", detail, ""),
            Err(detail) => {
                self.healthy = false;
                ("FAILED", detail, to_do)
            }
        };
        let row = [check, verdict, &detail, to_do];
        self.rows.push(row.map(str::to_owned).to_vec());
    }
}

impl Doctor {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        options.check()?;
        let mut findings = Findings { rows: vec![], healthy: true };
        findings.add("configuration", Ok("every value can be used".to_owned()), "");
        findings.add("access tokens", tokens(&options), SET_TOKENS);
        machine::check(&options, &mut findings).await?;
        match Database::open(&options).await {
            Ok(database) => {
                let has_log = postgres(&database.pool, &options, &mut findings).await;
                if has_log {
                    findings.add("master key", master_key(&database, &options).await, SET_KEY);
                }
                nats(&options, has_log.then_some(&database.pool), &mut findings).await;
                database.close().await?;
            }
            Err(Failure::Failed(error)) => {
                findings.add("PostgreSQL", Err(causes(&*error)), SET_DATABASE);
                nats(&options, None, &mut findings).await;
            }
            Err(failure) => return Err(failure),
        }
        print(self.layout, &["check", "verdict", "detail", "what to do"], &findings.rows)?;
        if findings.healthy { Ok(()) } else { Err(Failure::Difference) }
    }
}

const SET_TOKENS: &str =
    "set COLLOQUY_JWT_SECRET, COLLOQUY_JWT_PUBLIC_KEY or COLLOQUY_JWKS_URL, or serve --quick-start";
const SET_KEY: &str = "set COLLOQUY_MASTER_KEY to the key that the database's keys are wrapped by";
const SET_DATABASE: &str = "start the server, or correct DATABASE_URL or COLLOQUY_DATA_DIR";
const SET_NATS: &str = "start the server, or correct NATS_URL";
const RAISE_CONNECTIONS: &str = "raise max_connections, or lower serve --connections-max";
const MEND_COLLATIONS: &str = "use a PostgreSQL built with ICU; after an upgrade of the system's \
                               libraries: reindex database, then alter database … refresh \
                               collation version";
const LOOK_AT_FOLLOWER: &str = "see docs/replay.md; after the fix: `colloquy projection retry`";
const LOOK_AT_STREAM: &str = "see docs/nats.md";

/// Whether `serve` could verify access tokens.
fn tokens(options: &Options) -> Result<String, String> {
    if options.jwt_public_key.is_some() {
        Ok("COLLOQUY_JWT_PUBLIC_KEY".to_owned())
    } else if options.jwks_url.is_some() {
        Ok("COLLOQUY_JWKS_URL".to_owned())
    } else if options.jwt_secret.is_some() {
        Ok("COLLOQUY_JWT_SECRET".to_owned())
    } else {
        match token::kept_secret(&options.data_dir()) {
            Ok(Some(_)) => Ok("the data folder's secret, for serve --quick-start".to_owned()),
            Ok(None) => Err("nothing says what access tokens are signed with".to_owned()),
            Err(_) => Err("the data folder's secret cannot be read".to_owned()),
        }
    }
}

/// Whether the extensions are available that the read models' indexes need.
async fn extensions(pool: &PgPool) -> Result<String, String> {
    let missing: Vec<String> = sqlx::query_scalar(
        "select name
         from unnest(array['pg_trgm', 'btree_gin']) as needed (name)
         where name not in (select name from pg_available_extensions)",
    )
    .fetch_all(pool)
    .await
    .map_err(|error| causes(&error))?;
    match missing.is_empty() {
        true => Ok("pg_trgm and btree_gin can be used".to_owned()),
        false => Err(format!("not installed: {}", missing.join(", "))),
    }
}

/// Whether the collations that names are sorted by are there and unchanged: an index is in the
/// order of the library version that it was built with.
async fn collations(pool: &PgPool) -> Result<String, String> {
    let (encoding, has_icu, is_current): (String, bool, bool) = sqlx::query_as(
        "select pg_encoding_to_char(encoding),
                exists (select from pg_collation where collname = 'und-x-icu'),
                datcollversion is not distinct from pg_database_collation_actual_version(oid)
         from pg_database
         where datname = current_database()",
    )
    .fetch_one(pool)
    .await
    .map_err(|error| causes(&error))?;
    match (has_icu, is_current) {
        (false, _) => Err("there is no collation und-x-icu".to_owned()),
        (_, false) => Err("the database was made with other versions of them".to_owned()),
        _ => Ok(format!("encoding {encoding}, und-x-icu, of the versions that are installed")),
    }
}

async fn master_key(database: &Database, options: &Options) -> Result<String, String> {
    match master_key::find(options) {
        Ok(None) => Err("there is none".to_owned()),
        Ok(Some(key)) => match Keys::open(&database.pool, key).await {
            Ok(_) => Ok("it is the one that this database's keys are wrapped by".to_owned()),
            Err(error) => Err(causes(&error)),
        },
        Err(_) => Err("it cannot be read".to_owned()),
    }
}

/// Checks the database. Returns whether it has an event log.
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
    findings.add("PostgreSQL", version, "upgrade PostgreSQL");
    let durable = setting("fsync").await.and_then(|on| {
        if on == "on" {
            Ok("an acknowledged command survives a crash".to_owned())
        } else {
            Err("fsync is off: a crash can lose acknowledged commands".to_owned())
        }
    });
    findings.add("durability", durable, "set fsync = on in postgresql.conf");
    findings.add("connections", connections(pool).await, RAISE_CONNECTIONS);
    findings.add("extensions", extensions(pool).await, "install PostgreSQL's contrib package");
    findings.add("collations", collations(pool).await, MEND_COLLATIONS);

    let head: Result<(i64, i64, i64), _> = sqlx::query_as(
        "select h.position, coalesce((select max(position) from events), 0), \
         (select count(*) from events)
         from log_head h",
    )
    .fetch_one(pool)
    .await;
    match head {
        Ok((head, newest, count)) if head == newest && head == count => {
            findings.add("event log", Ok(format!("{head} events, no position missing")), "");
            standing(pool, options, findings).await;
            true
        }
        Ok((head, newest, count)) => {
            let difference =
                format!("head {head}, newest position {newest}, {count} events: these must agree");
            findings.add(
                "event log",
                Err(difference),
                "run `colloquy audit verify`; restore a backup",
            );
            true
        }
        Err(error) => {
            findings.add("event log", Err(causes(&error)), "run `colloquy migrate`");
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

/// The log's followers, the leases, and the quarantined events.
async fn standing(pool: &PgPool, options: &Options, findings: &mut Findings) {
    let followers = lag::followers(!options.nats_is_off());
    let standing = match Standing::read(pool, &followers).await {
        Ok(standing) => standing,
        Err(error) => {
            return findings.add("followers", Err(causes(&error)), "run `colloquy migrate`");
        }
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
        findings.add(&format!("follower {}", follower.name), found, LOOK_AT_FOLLOWER);
    }
    for lease in standing.leases {
        let found = match (lease.owner, lease.expires_at) {
            (Some(owner), Some(end)) if lease.is_held => {
                format!("held by node {owner} until {}, epoch {}", end.to_rfc3339(), lease.epoch)
            }
            _ => "held by no node: no server runs, or the next one takes it".to_owned(),
        };
        findings.add(&format!("lease {}", lease.name), Ok(found), "");
    }
    let quarantined: Vec<_> = standing.quarantined.keys().map(Position::to_string).collect();
    let found = match quarantined.is_empty() {
        true => "nothing is passed over".to_owned(),
        false => format!("passed over: {} (see audit verify)", quarantined.join(", ")),
    };
    findings.add("quarantine", Ok(found), "");
}

async fn nats(options: &Options, pool: Option<&PgPool>, findings: &mut Findings) {
    let (nats, client) = match options.nats() {
        _ if options.nats_is_off() => return findings.add("NATS", Ok("off".to_owned()), ""),
        Ok(Some(nats)) => match nats.connect().await {
            Ok(client) => (nats, client),
            Err(error) => return findings.add("NATS", Err(causes(&error)), SET_NATS),
        },
        Ok(None) => match running_private_nats(options).await {
            Some(running) => running,
            None => {
                let found = "private, and not running: `serve` starts it";
                return findings.add("NATS", Ok(found.to_owned()), "");
            }
        },
        // The options were checked at the start, but files may have gone since.
        Err(_) => {
            let found = "its certificates cannot be read".to_owned();
            return findings.add("NATS", Err(found), "put the files of COLLOQUY_NATS_*_FILE back");
        }
    };
    findings.add("NATS", Ok(format!("version {}", client.server_info().version)), "");
    findings.add("consumers read with", Ok(private_nats::reading_command(options)), "");
    let Some(pool) = pool else { return };
    let stream = &options.nats_stream;
    // Options that cannot be used have stopped the verb at its start.
    let Ok(settings) = options.relay(nats) else { return };
    match relay::check(&client, &settings, pool).await {
        Ok(relay::Checked { last, findings: found }) => {
            if found.is_empty() {
                let last =
                    last.map_or_else(|| "not made yet".to_owned(), |last| format!("at {last}"));
                findings.add("stream", Ok(format!("{stream}, {last}")), "");
            }
            for finding in found {
                findings.add("stream", Err(format!("{stream}: {finding}")), LOOK_AT_STREAM);
            }
        }
        Err(error) => findings.add("stream", Err(causes(&error)), LOOK_AT_STREAM),
    }
}

async fn running_private_nats(options: &Options) -> Option<(NatsOptions, Client)> {
    let nats = private_nats::left_by_server(&options.data_dir())?;
    let client = nats.connect().await.ok()?;
    Some((nats, client))
}
