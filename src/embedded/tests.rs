//! Tests that start, kill and restart real servers.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use async_nats::ConnectOptions;
use sqlx::{Connection, Executor, PgConnection};

use crate::child::is_alive;
use crate::testing::{folder, nats_server, wait_until};
use crate::{Error, Nats, Postgres, check_data_dir};

async fn execute(postgres: &Postgres, statement: &str) {
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    connection.execute(statement).await.unwrap();
}

async fn count(postgres: &Postgres) -> i64 {
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    sqlx::query_scalar("select count(*) from kept").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_second_start_finds_the_data_again_and_fsync_is_on() {
    let folder = folder();
    let postgres = Postgres::start(&folder).await.unwrap();
    execute(&postgres, "create table kept (); insert into kept default values").await;
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    let fsync: String = sqlx::query_scalar("select current_setting('fsync')")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(fsync, "on");
    let pid = postgres.pid();
    postgres.stop().await.unwrap();
    assert!(!is_alive(pid));
    let postgres = Postgres::start(&folder).await.unwrap();
    assert_eq!(count(&postgres).await, 1);
}

#[tokio::test]
async fn a_folder_in_use_is_told_in_one_line() {
    let folder = folder();
    let _held = Postgres::start(&folder).await.unwrap();
    let error = Postgres::start(&folder).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }));
    assert_eq!(error.to_string().lines().count(), 1);
}

#[test]
fn a_folder_that_cannot_hold_the_private_servers_is_told_of() {
    let folder = folder();
    assert_eq!(check_data_dir(&folder), Ok(()));
    assert_eq!(check_data_dir(&folder.join("not/there/yet")), Ok(()));
    let refused = check_data_dir(Path::new("/proc/colloquy")).unwrap_err();
    assert!(refused.contains("/proc cannot be written to"), "{refused}");
    // PostgreSQL would not run on a cluster that root owns.
    std::fs::create_dir_all(folder.join("postgres/cluster")).unwrap();
    let checked = check_data_dir(&folder);
    assert_eq!(checked.is_err(), crate::user::is_root(), "{checked:?}");
}

#[tokio::test]
async fn as_root_the_server_runs_as_somebody_else() {
    use std::os::unix::fs::MetadataExt;
    let folder = folder();
    let postgres = Postgres::start(&folder).await.unwrap();
    let owner = std::fs::metadata(folder.join("postgres/cluster")).unwrap().uid();
    assert_ne!(owner, 0);
    if let Ok(process) = std::fs::metadata(format!("/proc/{}", postgres.pid())) {
        assert_eq!(process.uid(), owner);
    }
}

/// Whether the server sees connections come over TCP: on a socket they have no address.
async fn came_over_tcp(postgres: &Postgres) -> bool {
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    let address = "select inet_server_addr() is not null";
    sqlx::query_scalar(address).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn connections_go_through_a_socket_also_for_psql() {
    let folder = folder();
    let postgres = Postgres::start(&folder).await.unwrap();
    assert!(!came_over_tcp(&postgres).await);
    let psql = crate::programs::postgres("psql").unwrap();
    let query = "select inet_server_addr() is null, current_user";
    let output = Command::new(psql).args([postgres.url(), "-Atc", query]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "t|colloquy\n");
    let tcp = postgres.url().split_once('?').unwrap().0;
    assert!(PgConnection::connect(tcp).await.is_ok());
}

#[tokio::test]
async fn a_data_folder_with_a_long_name_has_its_socket_elsewhere() {
    let folder = folder();
    let deep = folder.join("a folder with a rather long name ".repeat(4).trim());
    let postgres = Postgres::start(&deep).await.unwrap();
    assert!(!came_over_tcp(&postgres).await);
    let socket = PathBuf::from(postgres.socket_folder().unwrap());
    assert!(!socket.starts_with(&*folder) && socket.is_dir());
    postgres.stop().await.unwrap();
    assert!(!socket.exists());
}

const PARENT: &str = "COLLOQUY_TEST_PARENT_OF";

/// The test runs its own binary as the parent that is killed.
#[tokio::test]
async fn children_die_with_a_killed_parent_and_their_data_is_found_again() {
    if let Some(folder) = std::env::var_os(PARENT).map(PathBuf::from) {
        return be_the_parent(&folder).await;
    }
    let folder = folder();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("tests::children_die_with_a_killed_parent_and_their_data_is_found_again")
        .env(PARENT, &*folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let pids: Vec<i32> = lines
        .find_map(|line| line.unwrap().strip_prefix("children ").map(str::to_owned))
        .unwrap()
        .split(' ')
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    parent.kill().unwrap();
    parent.wait().unwrap();
    if cfg!(target_os = "linux") {
        wait_until("the children are gone", async || !pids.iter().any(|pid| is_alive(*pid))).await;
    }
    let postgres = Postgres::start(&folder).await.unwrap();
    assert_eq!(count(&postgres).await, 1);
    Nats::start(&folder).await.unwrap();
}

async fn be_the_parent(folder: &Path) {
    let postgres = Postgres::start(folder).await.unwrap();
    execute(&postgres, "create table kept (); insert into kept default values").await;
    let nats = Nats::start(folder).await.unwrap();
    println!("\nchildren {} {}", postgres.pid(), nats.pid());
    std::future::pending().await
}

/// Children do not always learn of their parent's death (another system, a lost signal).
#[tokio::test]
async fn a_server_left_running_is_stopped_before_a_new_one_starts() {
    let folder = folder();
    let postgres = Postgres::start(&folder).await.unwrap();
    execute(&postgres, "create table kept (); insert into kept default values").await;
    let left = postgres.pid();
    let nats = Nats::start(&folder).await.unwrap();
    let left_nats = nats.pid();
    // Dropped without a stop: the locks are free, the servers run on.
    drop((postgres, nats));
    assert!(is_alive(left) && is_alive(left_nats));
    let postgres = Postgres::start(&folder).await.unwrap();
    let _nats = Nats::start(&folder).await.unwrap();
    assert!(!is_alive(left) && !is_alive(left_nats));
    assert_eq!(count(&postgres).await, 1);
}

/// The pid in a pid file may have been reused by the server of another folder.
#[tokio::test]
async fn a_stale_pid_file_stops_nobody_elses_server() {
    let (folder, other) = (folder(), folder());
    let postgres = Postgres::start(&folder).await.unwrap();
    let nats = Nats::start(&folder).await.unwrap();
    Postgres::start(&other).await.unwrap().stop().await.unwrap();
    let pid_file = other.join("postgres/cluster/postmaster.pid");
    std::fs::write(pid_file, format!("{}\n", postgres.pid())).unwrap();
    std::fs::write(other.join("nats.pid"), nats.pid().to_string()).unwrap();
    let _others = (Postgres::start(&other).await.unwrap(), Nats::start(&other).await.unwrap());
    assert!(is_alive(postgres.pid()) && is_alive(nats.pid()));
    execute(&postgres, "select").await;
}

#[tokio::test]
async fn a_cluster_without_its_password_is_left_as_it_is() {
    let folder = folder();
    let postgres = Postgres::start(&folder).await.unwrap();
    execute(&postgres, "create table kept (); insert into kept default values").await;
    postgres.stop().await.unwrap();
    let (file, elsewhere) = (folder.join("postgres/password"), folder.join("elsewhere"));
    std::fs::rename(&file, &elsewhere).unwrap();
    let error = Postgres::start(&folder).await.unwrap_err();
    assert!(matches!(error, Error::PasswordMissing { .. }), "{error}");
    assert!(error.to_string().starts_with(file.to_str().unwrap()), "{error}");
    assert!(!file.exists());

    std::fs::write(&file, "another").unwrap();
    let error = Postgres::start(&folder).await.unwrap_err();
    assert!(matches!(error, Error::PasswordWrong { .. }), "{error}");

    std::fs::rename(&elsewhere, &file).unwrap();
    let postgres = Postgres::start(&folder).await.unwrap();
    assert_eq!(count(&postgres).await, 1);
}

#[tokio::test]
async fn what_is_in_the_place_of_a_cluster_is_not_taken_away() {
    let folder = folder();
    let file = folder.join("postgres/cluster/base/1");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "what is left of a database").unwrap();
    assert!(matches!(Postgres::start(&folder).await, Err(Error::File { .. })));
    assert!(file.exists());
}

#[tokio::test]
async fn the_private_nats_lets_nobody_in_without_its_password() {
    let folder = folder();
    let nats = Nats::start(&folder).await.unwrap();
    let address = format!("nats://127.0.0.1:{}", nats.port());
    let refused = async_nats::connect(&address).await.unwrap_err();
    assert_eq!(refused.kind(), async_nats::ConnectErrorKind::AuthorizationViolation);
    let command = std::fs::read(format!("/proc/{}/cmdline", nats.pid())).unwrap_or_default();
    for file in ["nats-password", "nats-reader-password"] {
        let password = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(!String::from_utf8_lossy(&command).contains(&password));
    }
}

#[tokio::test]
async fn the_streams_of_a_server_that_had_one_account_are_found_again() {
    use async_nats::jetstream;
    let folder = folder();
    let store = folder.join("nats");
    let old = nats_server(&folder, &["-js", "-sd", store.to_str().unwrap()]).await;
    let client = async_nats::connect(format!("nats://127.0.0.1:{}", old.port)).await.unwrap();
    let stream = jetstream::stream::Config { name: "KEPT".to_owned(), ..Default::default() };
    let jetstream = jetstream::new(client);
    jetstream.create_stream(stream).await.unwrap();
    jetstream.publish("KEPT", "a message".into()).await.unwrap().await.unwrap();
    old.stop().await;

    let nats = Nats::start(&folder).await.unwrap();
    let login = ConnectOptions::with_user_and_password(
        "colloquy".to_owned(),
        std::fs::read_to_string(folder.join("nats-password")).unwrap(),
    );
    let client = login.connect(format!("nats://127.0.0.1:{}", nats.port())).await.unwrap();
    let kept = jetstream::new(client).get_stream("KEPT").await.unwrap();
    assert_eq!(kept.cached_info().state.messages, 1);
}

/// An existing data folder may be anybody's; what is created in it is readable by its owner alone.
#[tokio::test]
async fn nobody_else_can_read_what_is_made_in_the_data_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let _postgres = Postgres::start(&folder).await.unwrap();
    let _nats = Nats::start(&folder).await.unwrap();
    let entries: Vec<_> = std::fs::read_dir(&*folder).unwrap().map(Result::unwrap).collect();
    assert!(entries.len() > 6);
    for entry in entries {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
    }
    let made = folder.join("made/by/us");
    crate::make_data_dir(&made).unwrap();
    assert_eq!(std::fs::metadata(&made).unwrap().permissions().mode() & 0o027, 0);
}

#[test]
fn a_missing_program_is_told_with_what_to_install() {
    for (what, package) in [
        ("PostgreSQL 15 or newer", "postgresql (apt)"),
        ("nats-server 2.9 or newer", "nats-server (apt)"),
    ] {
        let line = Error::Missing { what, package }.to_string();
        assert_eq!(line, format!("{what} is not installed: install {package}"));
    }
}

#[tokio::test]
async fn the_private_nats_keeps_its_port_unless_somebody_else_has_taken_it() {
    let folder = folder();
    let nats = Nats::start(&folder).await.unwrap();
    let (port, url) = (nats.port(), nats.reading_url().to_owned());
    nats.stop().await.unwrap();
    let nats = Nats::start(&folder).await.unwrap();
    assert_eq!((nats.port(), nats.reading_url()), (port, &*url));
    nats.stop().await.unwrap();
    let taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let nats = Nats::start(&folder).await.unwrap();
    let other = nats.port();
    assert_ne!(other, port);
    nats.stop().await.unwrap();
    drop(taken);
    // The new port is kept from now on.
    assert_eq!(Nats::start(&folder).await.unwrap().port(), other);
}
