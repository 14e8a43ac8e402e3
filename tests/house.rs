//! The dependencies between the crates, as ARCHITECTURE.md describes them.

use std::collections::{BTreeMap, BTreeSet};

#[test]
fn the_crates_depend_on_each_other_only_along_the_allowed_arrows() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("domain", &[][..]),
        ("event_store", &["domain"]),
        ("relay", &["event_store"]),
        ("projections", &["event_store", "domain"]),
        ("api", &["event_store", "projections", "domain"]),
        ("reactors", &["event_store", "projections", "domain"]),
        ("embedded", &[]),
        (
            "colloquy",
            &["api", "domain", "embedded", "event_store", "projections", "reactors", "relay"],
        ),
    ]);
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec().unwrap();
    let names: BTreeSet<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, allowed.keys().copied().collect());
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            let ours = names.contains(dependency.name.as_str());
            let mut of_tests = package.features.get("testing").into_iter().flatten();
            let feature = format!("dep:{}", dependency.name);
            let in_tests = dependency.kind == cargo_metadata::DependencyKind::Development
                || of_tests.any(|enabled| *enabled == feature);
            assert!(
                !ours
                    || in_tests
                    || allowed[package.name.as_str()].contains(&dependency.name.as_str()),
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn only_the_event_store_writes_events_and_only_read_models_write_read_models() {
    let writes = |text: &str, table: &str| {
        ["insert into ", "update ", "delete from "]
            .iter()
            .any(|verb| text.contains(&format!("{verb}{table}")))
    };
    let read_models = [
        "users",
        "user_counts",
        "messages",
        "message_counts",
        "conversations",
        "members",
        "memberships",
        "membership_counts",
        "read_ranges",
        "timers",
    ];
    let everything: Vec<&str> = [&["events"], &read_models[..]].concat();
    for (folder, tables) in [
        ("src/api", everything.clone()),
        ("src/relay", everything.clone()),
        ("src/reactors", everything.clone()),
        ("src/ops", everything),
        ("projections/views", read_models.to_vec()),
        ("projections/memory", read_models.to_vec()),
        ("projections", vec!["events "]),
    ] {
        for (path, text) in sources(folder) {
            for table in &tables {
                assert!(!writes(&text, table), "{path} writes {table}");
            }
        }
    }
}

/// In a JSON log an error has only its own text, without its causes, and does not say what to do.
#[test]
fn errors_are_logged_with_their_causes() {
    for (path, text) in [sources("src"), sources("projections")].concat() {
        for without in [
            "as &dyn std::error::Error",
            "as &dyn Error",
            "as &dyn StdError",
            "!(error,",
            "%error",
            "?error",
        ] {
            assert!(!text.contains(without), "{path} logs {without}: expected error = causes(…)");
        }
    }
}

/// What dialects share is in `edge/`, which knows none of them: only `lib.rs` lists them.
#[test]
fn a_dialect_is_named_in_its_own_folder_alone() {
    let sources = sources("src/api");
    let dialects: Vec<&str> = sources
        .iter()
        .filter(|(_, text)| text.contains("const DIALECT: Dialect"))
        .filter_map(|(path, _)| path.strip_suffix("/mod.rs")?.rsplit('/').next())
        .collect();
    assert!(dialects.len() >= 4, "{dialects:?}");
    for dialect in dialects {
        let capital = dialect[..1].to_uppercase() + &dialect[1..];
        for (path, text) in &sources {
            let is_own = path.contains(&format!("/src/api/{dialect}/"));
            let lists_them = path.ends_with("/src/api/lib.rs");
            for name in [format!("crate::{dialect}"), format!("Surface::{capital}")] {
                assert!(is_own || lists_them || !text.contains(&name), "{path} names {name}");
            }
        }
    }
}

/// Rustfmt does not wrap long strings, comments and attributes, and knows no SQL.
#[test]
fn no_line_is_longer_than_a_hundred_characters() {
    // Prose in Markdown is wrapped at other widths; the rest is generated or compressed.
    const OTHER: [&str; 5] = ["md", "json", "lock", "gz", "LICENSE"];
    let mut read = 0;
    for path in files("") {
        let name = path.file_name().unwrap().to_str().unwrap();
        if OTHER.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            assert!(line.chars().count() <= 100, "{}:{number}", path.display());
        }
        read += 1;
    }
    assert!(read > 500, "{read}");
}

/// Checks paths in backticks, relative to the root or to `src`, and the targets of links.
#[test]
fn what_the_documentation_points_to_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_folder = |first: &str| !first.is_empty() && root.join(first).is_dir();
    let is_crate = |first: &str| !first.is_empty() && root.join("src").join(first).is_dir();
    // With any other character it is a placeholder or a pattern.
    let is_path = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_./-".contains(c);
    let mut looked = 0;
    for page in files("").iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(page).unwrap();
        let mut targets: Vec<_> = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(|name| Some((name, name.split_once('/')?.0)))
            .filter(|(name, _)| name.chars().all(is_path))
            .filter_map(|(name, first)| match (is_folder(first), is_crate(first)) {
                (true, _) => Some(root.join(name)),
                (_, true) => Some(root.join("src").join(name)),
                _ => None,
            })
            .collect();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let here = links.filter(|link| !link.is_empty() && !link.starts_with("http"));
        targets.extend(here.map(|link| page.with_file_name(link)));
        for target in &targets {
            assert!(target.exists(), "{} names {}", page.display(), target.display());
        }
        looked += targets.len();
    }
    assert!(looked > 150, "{looked}");
}

/// The sources in Rust and SQL, without tests.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in files(folder) {
        let is_source = path.extension().is_some_and(|e| e == "rs" || e == "sql");
        let is_test = path.ends_with("tests.rs") || path.iter().any(|part| part == "tests");
        if is_source && !is_test {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// Everything in a folder, except build output and hidden files.
fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if name == "target" || name.to_string_lossy().starts_with('.') {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
