//! Tracks running servers, so that the master key is not rotated while they use it.
//!
//! A server holds a shared advisory lock on a connection of its own for as long as it runs; a
//! rotation takes the same lock exclusively. PostgreSQL releases it when the connection ends,
//! however the process ends.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, PgPool};

use crate::{Error, Keys};

/// "colloquy" in ASCII.
const LOCK: i64 = 0x636f_6c6c_6f71_7579;
const SHARED: &str = "select pg_advisory_lock_shared($1)";
const ALONE: &str = "select pg_advisory_lock($1)";
/// How long PostgreSQL may take to notice that a server has just gone.
const WAIT: &str = "set lock_timeout = '3s'";
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time-out of every statement, longer than that of the lock: a connection may be dropped silently,
/// and is then never answered.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const PING_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// A guard: this process uses the keys until it is dropped.
#[derive(Debug)]
pub struct KeysInUse {
    connection: PgConnection,
    options: PgConnectOptions,
}

impl KeysInUse {
    /// Takes the lock for a running server.
    ///
    /// # Errors
    /// [`Error::KeysRotating`] while a rotation runs.
    pub async fn begin(pool: &PgPool) -> Result<Self, Error> {
        let name = format!("colloquy serve, process {}", std::process::id());
        let options = (*pool.connect_options()).clone().application_name(&name);
        let mut connection = connect(&options).await?;
        match lock(&mut connection, SHARED).await? {
            true => Ok(Self { connection, options }),
            false => Err(Error::KeysRotating),
        }
    }

    /// Checks that all keys are wrapped by one master key, and that this server has it.
    ///
    /// # Errors
    /// [`Error::MasterKeyUnknown`] when it has another, [`Error::RotationUnfinished`] when there
    /// are two.
    pub async fn check(&mut self, keys: &Keys) -> Result<(), Error> {
        let known =
            sqlx::query_scalar("select id from master_keys").fetch_all(&mut self.connection);
        let known: Vec<String> =
            in_time(known).await.map_err(Error::database("look for the master key"))?;
        let id = keys.master_id().unwrap_or_default();
        match known.as_slice() {
            [only] if only == id => Ok(()),
            _ if known.iter().any(|known| known == id) => Err(Error::RotationUnfinished),
            _ => Err(Error::MasterKeyUnknown { id: id.to_owned(), known: known.join(", ") }),
        }
    }

    /// Keeps the lock, taking it again on a new connection when one breaks. Returns only when the
    /// master key was rotated meanwhile: the server must then end.
    pub async fn keep(&mut self, keys: &Keys) -> Error {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let ping = tokio::time::timeout(PING_ANSWERS_WITHIN, self.connection.ping());
            if matches!(ping.await, Ok(Ok(()))) {
                continue;
            }
            // Only a connection that has the lock replaces the broken one; until then, the next
            // round tries again.
            let Ok(mut connection) = connect(&self.options).await else { continue };
            if !matches!(lock(&mut connection, SHARED).await, Ok(true)) {
                continue;
            }
            self.connection = connection;
            match self.check(keys).await {
                Ok(()) | Err(Error::Database { .. }) => {}
                Err(error) => return error,
            }
        }
    }
}

/// A guard: until it is dropped, no server uses the keys and none can start to.
#[derive(Debug)]
pub struct KeysAlone {
    _connection: PgConnection,
}

impl KeysAlone {
    /// Takes the lock exclusively, so that no server can start.
    ///
    /// # Errors
    /// [`Error::KeysInUse`] when one runs.
    pub async fn begin(pool: &PgPool) -> Result<Self, Error> {
        let options = (*pool.connect_options()).clone().application_name("colloquy keys rotate");
        let mut connection = connect(&options).await?;
        if lock(&mut connection, ALONE).await? {
            return Ok(Self { _connection: connection });
        }
        let by = sqlx::query_scalar(HOLDERS).bind(LOCK).fetch_all(&mut connection);
        let by: Vec<String> =
            in_time(by).await.map_err(Error::database("look for running servers"))?;
        Err(Error::KeysInUse { by: by.join("; ") })
    }
}

const HOLDERS: &str = "
    select format('%s on %s, since %s', a.application_name,
                  coalesce(host(a.client_addr), 'this machine'),
                  date_trunc('second', a.backend_start))
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory'
      and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
      and l.objsubid = 1
      and (l.classid::bigint << 32) | l.objid::bigint = $1
    order by a.backend_start";

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, Error> {
    let connected = in_time(async {
        let mut connection = PgConnection::connect_with(options).await?;
        sqlx::query(WAIT).execute(&mut connection).await?;
        Ok(connection)
    });
    connected.await.map_err(Error::database("connect for the lock on the keys"))
}

async fn in_time<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let answer = tokio::time::timeout(ANSWERS_WITHIN, answer).await;
    answer.unwrap_or_else(|_elapsed| Err(sqlx::Error::Io(ErrorKind::TimedOut.into())))
}

/// False when others still hold it after [`WAIT`].
async fn lock(connection: &mut PgConnection, statement: &'static str) -> Result<bool, Error> {
    /// `lock_not_available`
    const NOT_IN_TIME: &str = "55P03";
    match in_time(sqlx::query(statement).bind(LOCK).execute(connection)).await {
        Ok(_) => Ok(true),
        Err(error)
            if error.as_database_error().and_then(|e| e.code()).as_deref() == Some(NOT_IN_TIME) =>
        {
            Ok(false)
        }
        Err(error) => Err(Error::database("lock the keys")(error)),
    }
}
