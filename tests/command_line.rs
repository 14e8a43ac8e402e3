//! The command line's help.

use std::process::Command;

/// Appends the help of a verb and of all verbs below it.
fn helps(path: &[&str], all: &mut String) {
    let mut verb = Command::new(env!("CARGO_BIN_EXE_colloquy"));
    let output = verb.args(path).arg("--help").env_clear().output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let title = [&["colloquy"], path].concat().join(" ");
    all.push_str(&format!("## {title}\n\n```text\n{}\n```\n\n", help.trim_end()));
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in commands.take_while(|line| !line.is_empty()) {
        match line.split_whitespace().next() {
            None | Some("help") => {}
            Some(verb) => helps(&[path, &[verb]].concat(), all),
        }
    }
}

/// Committed so that a change of the command line shows in its diff.
#[test]
fn the_committed_helps_are_those_that_are_printed() {
    let mut all = "# The command line\n\nWhat `--help` prints, of every verb.\n\n".to_owned();
    helps(&[], &mut all);
    let printed = concat!(env!("CARGO_TARGET_TMPDIR"), "/command-line.md");
    std::fs::write(printed, all.trim_end().to_owned() + "\n").unwrap();
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/command-line.md");
    let [printed_text, committed_text] = [printed, committed].map(std::fs::read_to_string);
    let agree = printed_text.unwrap() == committed_text.unwrap_or_default();
    assert!(agree, "run: cp {printed} {committed}");
}

/// A verb's help does not name options that it does not use, but they are accepted all the same.
#[test]
fn a_verb_s_help_names_what_it_uses() {
    let help = |path: &[&str]| {
        let mut all = String::new();
        helps(path, &mut all);
        all
    };
    for (path, used, unused) in [
        (&["openapi"][..], "[DIALECT]", "--data-dir"),
        (&["keys", "generate"], "Print a new master key", "--master-key"),
        (&["audit", "state"], "--master-key", "--nats-url"),
        (&["audit", "verify"], "--master-key", "--nats-url"),
        (&["migrate"], "--database-url", "--jwt-secret"),
        (&["token"], "--jwt-secret", "--database-url"),
        (&["serve"], "--nats-url", "--wide"),
    ] {
        let help = help(path);
        assert!(help.contains(used) && !help.contains(unused), "{help}");
    }
    let mut everywhere = Command::new(env!("CARGO_BIN_EXE_colloquy"));
    let everywhere = everywhere.args(["keys", "generate", "--log", "debug"]).output().unwrap();
    assert!(everywhere.status.success());
}
