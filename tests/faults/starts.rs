//! A start that has to fail says so at once, and harms nothing that exists.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use embedded::testing::{folder, unique};
use sqlx::Executor;

use crate::harness::{Installation, MASTER_KEY, Server, run, serve};

/// A verb without any settings.
fn verb(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
    command.args(arguments);
    command
}

#[tokio::test]
async fn what_the_shell_sets_for_postgresql_is_nothing_to_the_private_one() {
    let folder = folder();
    let mut command = serve();
    command.env("COLLOQUY_DATA_DIR", &folder).env("NATS_URL", "off");
    for (name, value) in [
        ("PGHOST", "nowhere.invalid"),
        ("PGHOSTADDR", "192.0.2.1"),
        ("PGDATA", "/nowhere"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "/nowhere"),
        ("PGOPTIONS", "-c default_transaction_read_only=on"),
    ] {
        command.env(name, value);
    }
    let server = Server::start(command);
    server.caller("ann").arrive().await;
    assert_eq!(server.interrupt(), Some(0));
}

#[tokio::test]
async fn a_master_key_is_not_made_anew_beside_data_that_needs_the_old_one() {
    let (installation, folder) = (Installation::new().await, folder());
    let command = || {
        let mut command = serve();
        command.env("COLLOQUY_DATA_DIR", &folder).env("NATS_URL", "off");
        command.env("DATABASE_URL", &installation.database_url);
        command
    };
    assert_eq!(Server::start(command()).interrupt(), Some(0));
    let (file, elsewhere) = (folder.join("master-key"), folder.join("elsewhere"));
    std::fs::rename(&file, &elsewhere).unwrap();
    let (status, _, errors) = run(&mut command());
    assert_eq!(status, Some(1), "{errors}");
    let line = errors.lines().last().unwrap();
    assert!(line.contains(file.to_str().unwrap()), "{line}");
    assert!(line.contains("database") && line.contains("COLLOQUY_MASTER_KEY"), "{line}");
    assert!(!file.exists());
    std::fs::rename(&elsewhere, &file).unwrap();
    Server::start(command()).caller("ann").arrive().await;
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let installation = Installation::new().await;
    let name = unique("ascii");
    let make = format!(
        "create database {name} encoding 'SQL_ASCII' template template0 lc_collate 'C' lc_ctype 'C'"
    );
    installation.pool().await.execute(make.as_str()).await.unwrap();
    let (server, _) = installation.database_url.rsplit_once('/').unwrap();
    let other = Installation { database_url: format!("{server}/{name}"), ..installation };
    let (status, _, errors) = other.run(&["migrate"]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("encoding is SQL_ASCII"), "{errors}");
    let (status, found, _) = other.run(&["doctor", "--format", "csv"]);
    assert_eq!(status, Some(3));
    assert!(found.contains("encoding is SQL_ASCII"), "{found}");
}

#[tokio::test]
async fn a_postgresql_that_does_not_answer_is_told_in_time_and_with_its_cause() {
    // A server that accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().port().to_string();
    for (port, cause) in [("1", "Connection refused"), (&silent, "no answer within 2 s")] {
        let started = Instant::now();
        let url = format!("postgres://ann:secret@127.0.0.1:{port}/colloquy");
        let (status, _, errors) = run(verb(&["audit", "verify"]).env("DATABASE_URL", url));
        assert_eq!(status, Some(1));
        assert!(errors.contains(cause) && !errors.contains("secret"), "{errors}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}

#[test]
fn a_mistyped_data_folder_stays_as_it_is() {
    let folder = folder();
    for arguments in [&["audit", "log"][..], &["audit", "verify"], &["keys", "rotate"]] {
        for data_dir in [folder.join("mistyped"), folder.to_path_buf()] {
            let mut command = verb(arguments);
            command.env("COLLOQUY_DATA_DIR", &data_dir);
            command.env("COLLOQUY_NEW_MASTER_KEY", MASTER_KEY);
            let (status, _, errors) = run(&mut command);
            assert_eq!(status, Some(1), "{errors}");
            assert!(errors.contains(data_dir.to_str().unwrap()), "{errors}");
        }
    }
    assert_eq!(std::fs::read_dir(&*folder).unwrap().count(), 0);
}

#[test]
fn a_value_that_cannot_be_used_is_status_2_and_one_line_that_keeps_secrets() {
    let missing = Path::new("/nowhere/secret-file").to_str().unwrap();
    for (name, value) in [
        ("DATABASE_URL", "http://ann:secret@host/db"),
        ("DATABASE_URL", "postgres://ann:secret@host:port/db"),
        ("DATABASE_URL", "postgres://ann:1/secret@host/db"),
        ("DATABASE_URL", "postgres://host/db?sslpassword=secret"),
        ("DATABASE_URL", "postgres://host/db?sslmode=secret"),
        ("NATS_URL", "http://secret@host"),
        ("NATS_URL", "nats://ann:secret@one,nats://bob:secret@two"),
        ("NATS_URL", ""),
        ("COLLOQUY_JWKS_URL", "ftp://ann:secret@host/keys?secret"),
        ("COLLOQUY_LOG", "info,relay=everything"),
        ("DATABASE_URL_FILE", missing),
        ("NATS_URL_FILE", "/dev/null"),
    ] {
        let (status, _, errors) = run(verb(&["config"]).env(name, value));
        assert_eq!((status, errors.lines().count()), (Some(2), 1), "{name} {value}: {errors}");
        let told = errors.replace(missing, "");
        assert!(errors.contains(name) && !told.contains("secret"), "{errors}");
    }
    for name in ["COLLOQUY_NATS_CA_FILE", "COLLOQUY_NATS_CERT_FILE"] {
        let mut command = verb(&["config"]);
        command.env("NATS_URL", "tls://host").env(name, missing);
        let (status, _, errors) = run(&mut command);
        assert!(status == Some(2) && errors.contains(name), "{errors}");
    }
}
