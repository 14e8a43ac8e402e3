//! Containers cannot be run everywhere, but their files can be read. `make check-containers` checks
//! them with a linter and against the schema of compose files.

use std::process::Command;

use crate::harness::MASTER_KEY;

fn file(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_compose_file_sets_only_what_the_program_accepts() {
    let text = file("docker-compose.yml");
    let service = text.split_once("\n  colloquy:\n").unwrap().1;
    let environment = service.split_once("environment:\n").unwrap().1;
    let variables: Vec<(&str, String)> = environment
        .lines()
        .take_while(|line| line.starts_with("      "))
        .map(|line| {
            let (name, value) = line.trim().split_once(": ").unwrap();
            let secret = || {
                if name.ends_with("MASTER_KEY") { MASTER_KEY.to_owned() } else { "x".repeat(32) }
            };
            (name, if value.starts_with("${") { secret() } else { value.to_owned() })
        })
        .collect();
    assert!(variables.len() >= 3, "{variables:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(["config", "--format", "csv"])
        .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for (name, _) in &variables {
        let line = printed.lines().find(|line| line.starts_with(&format!("{name},"))).unwrap();
        assert!(!line.contains("unset"), "{line}");
    }
}

/// The services' names, each with its lines.
fn services() -> Vec<(String, String)> {
    let text = file("docker-compose.yml");
    let services = text.split_once("\nservices:\n").unwrap().1;
    let services = services.split_once("\nvolumes:\n").unwrap().0;
    let (mut found, mut lines) = (Vec::<(String, String)>::new(), services.lines().peekable());
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':')) else {
            continue;
        };
        let mut said = String::new();
        while let Some(line) = lines.next_if(|line| line.is_empty() || line.starts_with("    ")) {
            said += line.trim();
            said += "\n";
        }
        found.push((name.to_owned(), said));
    }
    found
}

#[test]
fn every_container_has_no_more_than_it_needs() {
    let services = services();
    assert_eq!(
        services.iter().map(|(name, _)| &**name).collect::<Vec<_>>(),
        ["postgres", "nats", "colloquy"]
    );
    for (name, said) in &services {
        for needed in [
            "read_only: true\n",
            "cap_drop: [ALL]\n",
            "security_opt: [\"no-new-privileges:true\"]\n",
            "mem_limit: ",
            "cpus: ",
            "pids_limit: ",
        ] {
            assert!(said.contains(needed), "{name}: {needed}");
        }
        assert!(!said.contains("privileged") && !said.contains("docker.sock"), "{name}");
    }
    let dockerfile = file("Dockerfile");
    assert!(dockerfile.contains("\nUSER 10001\n") && dockerfile.contains("HEALTHCHECK"));
}

#[test]
fn every_image_is_pinned_to_a_version() {
    let (compose, dockerfile) = (file("docker-compose.yml"), file("Dockerfile"));
    let named = |text: &str, before: &str| -> Vec<String> {
        let images = text.lines().filter_map(|line| line.trim().strip_prefix(before));
        images.map(|image| image.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let images = [named(&compose, "image: "), named(&dockerfile, "FROM ")].concat();
    assert_eq!(images.len(), 4, "{images:?}");
    for image in images {
        let version = image.split_once(':').unwrap().1.split('-').next().unwrap().to_owned();
        let is_number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        assert!(version.contains('.') && version.split('.').all(is_number), "{image}");
    }
}

/// The files that are let into the build are listed, and are those that the build reads: a secret
/// beside them gets into no layer.
#[test]
fn nothing_secret_reaches_an_image() {
    let ignore = file(".dockerignore");
    let mut patterns = ignore.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    assert_eq!(patterns.next(), Some("*"));
    let named =
        ["Cargo.toml", "Cargo.lock", "benches", "migrations", "projections", "src", "tests"];
    assert!(patterns.eq(named.map(|name| format!("!{name}"))), "{ignore}");
    let dockerfile = file("Dockerfile");
    for line in dockerfile.lines().filter(|line| line.starts_with("ENV") || line.starts_with("ARG"))
    {
        assert!(
            !line.contains("SECRET") && !line.contains("KEY") && !line.contains("_URL"),
            "{line}"
        );
    }
    assert!(file(".gitignore").lines().any(|line| line == "/.env"));
}
