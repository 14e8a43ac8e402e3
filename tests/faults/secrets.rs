//! Secrets are where they are needed, and nowhere else.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use embedded::testing::folder;

use crate::harness::{Installation, MASTER_KEY, SECRET, Server, run, serve, wait_until};

#[tokio::test]
async fn the_private_servers_do_not_get_our_secrets() {
    let folder = folder();
    let mut command = serve();
    command.env("COLLOQUY_DATA_DIR", &folder).env("COLLOQUY_MASTER_KEY", MASTER_KEY);
    let server = Server::start(command);
    for pid_file in ["postgres/cluster/postmaster.pid", "nats.pid"] {
        let text = std::fs::read_to_string(folder.join(pid_file)).unwrap();
        let pid = text.lines().next().unwrap().trim();
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment);
        assert!(!environment.contains(SECRET) && !environment.contains(MASTER_KEY), "{pid_file}");
    }
    // Users who may read the folder may subscribe to the events.
    for user in ["nats", "nats-reader"] {
        let url_file = folder.join(format!("{user}-url"));
        assert_eq!(std::fs::metadata(&url_file).unwrap().permissions().mode() & 0o777, 0o600);
        let url = std::fs::read_to_string(url_file).unwrap();
        let client = relay::NatsOptions::new(&url).unwrap().connect().await.unwrap();
        let jetstream = async_nats::jetstream::new(client);
        super::wait_for_stream(&jetstream, "CONVERSATIONS", 0).await;
        let password = folder.join(format!("{user}-password"));
        let password = std::fs::read_to_string(password).unwrap();
        assert!(url.contains(&password) && !server.log().contains(&password));
    }
}

#[tokio::test]
async fn secrets_can_be_given_in_files() {
    let (installation, folder) = (Installation::new().await, folder());
    let mut command = serve();
    command.env_remove("COLLOQUY_JWT_SECRET").env("COLLOQUY_NATS_STREAM", &installation.stream);
    command.env("COLLOQUY_NATS_SUBJECT_PREFIX", &installation.prefix);
    for (name, value) in [
        ("DATABASE_URL", installation.database_url.as_str()),
        ("NATS_URL", &installation.nats_url),
        ("COLLOQUY_JWT_SECRET", SECRET),
        ("COLLOQUY_MASTER_KEY", MASTER_KEY),
        ("COLLOQUY_METRICS_TOKEN", "a-scrape-token-of-32-bytes-or-more"),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, format!("{value}\n")).unwrap();
        command.env(format!("{name}_FILE"), &file);
        let mut both = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        both.arg("config").env(name, value).env(format!("{name}_FILE"), &file);
        let (status, _, errors) = run(&mut both);
        assert!(status == Some(2) && errors.contains("both are set"), "{errors}");
    }
    let mut endless = Command::new(env!("CARGO_BIN_EXE_colloquy"));
    endless.arg("config").env("COLLOQUY_MASTER_KEY_FILE", "/dev/zero");
    let (status, _, errors) = run(&mut endless);
    assert!(status == Some(2) && errors.contains("more than a mebibyte"), "{errors}");
    let server = Server::start(command);
    server.caller("ann").arrive().await;
    let host = server.key();
    wait_until("it publishes", async || {
        let metrics = host.get("/metrics").await.body;
        metrics.as_str().unwrap().contains("colloquy_relay_position 1\n")
    })
    .await;
    assert_eq!(installation.done(&["audit", "log", "--format", "json"]).lines().count(), 1);
}

#[test]
fn no_secret_is_printed_with_the_configuration_or_the_help() {
    let colloquy = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
        command.args(arguments);
        for (name, value) in [
            ("DATABASE_URL", "postgres://ann:secret@host/db?password=secret"),
            ("NATS_URL", "nats://secret@one,tls://secret@two"),
            ("COLLOQUY_JWKS_URL", "https://ann:secret@host/keys?secret#secret"),
            ("COLLOQUY_MASTER_KEY", MASTER_KEY),
            ("COLLOQUY_METRICS_TOKEN", "a-scrape-token-of-32-bytes=secret"),
        ] {
            command.env(name, value);
        }
        let (status, printed, _) = run(&mut command);
        assert_eq!(status, Some(0));
        printed
    };
    for arguments in [&["config", "--format", "csv"][..], &["--help"], &["serve", "--help"]] {
        let printed = colloquy(arguments);
        assert!(!printed.contains("=secret") && !printed.contains("secret@"), "{printed}");
        assert!(!printed.contains(MASTER_KEY) && !printed.contains("#secret"), "{printed}");
    }
    let configuration = colloquy(&["config", "--format", "csv"]);
    assert!(configuration.contains("postgres://ann:********@host/db"), "{configuration}");
    assert!(configuration.contains("nats://********@one"), "{configuration}");
}
